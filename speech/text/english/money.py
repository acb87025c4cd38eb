"""Amounts of money."""

from __future__ import annotations

import re
from typing import NamedTuple

from speech.text.english.adjectives import PLAIN_NOUN, has_article
from speech.text.english.figures import MINUS, NUMBER, START, cardinal, number, plural
from speech.text.english.rule import Rule, alternatives, rule
from speech.text.english.units import PER


class _Currency(NamedTuple):
    """The names of one and of many, and those of hundredths where they have any."""

    one: str
    many: str
    one_cent: str = ""
    cents: str = ""


def _dollars(land: str = "") -> _Currency:
    return _Currency(f"{land}dollar", f"{land}dollars", "cent", "cents")


_CURRENCIES = {
    "$": _dollars(),
    "US$": _dollars(),
    "A$": _dollars("Australian "),
    "C$": _dollars("Canadian "),
    "NZ$": _dollars("New Zealand "),
    "HK$": _dollars("Hong Kong "),
    "S$": _dollars("Singapore "),
    "£": _Currency("pound", "pounds", "penny", "pence"),
    "€": _Currency("euro", "euros", "cent", "cents"),
    "¥": _Currency("yen", "yen"),
    "₹": _Currency("rupee", "rupees", "paisa", "paise"),
    "₩": _Currency("won", "won"),
    "₽": _Currency("ruble", "rubles"),
    "₪": _Currency("shekel", "shekels"),
    "฿": _Currency("baht", "baht"),
    "₺": _Currency("lira", "lira"),
    "₴": _Currency("hryvnia", "hryvnias"),
    "₫": _Currency("dong", "dong"),
    "₦": _Currency("naira", "naira", "kobo", "kobo"),
    "₱": _Currency("peso", "pesos", "centavo", "centavos"),
    "R$": _Currency("real", "reais", "centavo", "centavos"),
    "MX$": _Currency("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "NT$": _dollars("New Taiwan "),
    "₿": _Currency("bitcoin", "bitcoins"),
    "CHF": _Currency("Swiss franc", "Swiss francs"),
    "CNY": _Currency("yuan", "yuan"),
    "SEK": _Currency("Swedish krona", "Swedish kronor"),
    "NOK": _Currency("Norwegian krone", "Norwegian kroner"),
    "DKK": _Currency("Danish krone", "Danish kroner"),
    "PLN": _Currency("zloty", "zlotys"),
    "ZAR": _Currency("rand", "rand"),
    "CZK": _Currency("Czech koruna", "Czech koruny"),
    "HUF": _Currency("forint", "forints"),
    "THB": _Currency("baht", "baht"),
    "AED": _Currency("dirham", "dirhams"),
    "SAR": _Currency("riyal", "riyals"),
    "KES": _Currency("Kenyan shilling", "Kenyan shillings"),
    "IDR": _Currency("rupiah", "rupiah"),
    "MYR": _Currency("ringgit", "ringgit"),
    "PHP": _Currency("peso", "pesos"),
    "kr": _Currency("krona", "kronor"),
    "₸": _Currency("tenge", "tenge"),
    "₾": _Currency("lari", "lari"),
    "₵": _Currency("cedi", "cedis"),
    "₡": _Currency("colón", "colones"),
    "₲": _Currency("guarani", "guaranis"),
}
_CODES = {
    "USD": "$", "GBP": "£", "EUR": "€", "JPY": "¥", "INR": "₹", "KRW": "₩", "RUB": "₽", "AUD": "A$",
    "AU$": "A$", "CAD": "C$", "CA$": "C$", "NZD": "NZ$", "HKD": "HK$", "SGD": "S$", "BRL": "R$",
    "MXN": "MX$", "TWD": "NT$", "NGN": "₦", "RMB": "CNY", "UAH": "₴", "VND": "₫", "ILS": "₪",
    "BTC": "₿",
}  # fmt: skip
_DOLLAR_CODES = [code for code, sign in _CODES.items() if code.isalpha() and sign.endswith("$")]
_SIGNS = [sign for sign in (*_CURRENCIES, *_CODES) if not sign.isalpha()]
_LETTERS = [sign for sign in (*_CURRENCIES, *_CODES) if sign.isalpha()]
_BARE_SIGNS = "".join(sign for sign in _SIGNS if len(sign) == 1)
_SCALES = {
    **{word: word for word in ("hundred", "thousand", "million", "billion", "trillion")},
    **{
        "mm": "million",
        "k": "thousand",
        "m": "million",
        "mn": "million",
        "b": "billion",
        "bn": "billion",
    },
    **{
        "mil": "million",
        "tn": "trillion",
        "lakh": "lakh",
        "lakhs": "lakh",
        "crore": "crore",
        "crores": "crore",
        "lakh crore": "lakh crore",
    },
}
_SCALE = rf"(?:[\s-]?(?P<scale>(?i:{alternatives(list(_SCALES))}))\b)?"
_COMMA_DECIMAL = r"(?:\d{1,3}(?:\.\d{3})+|\d+),\d\d(?![\d,])"  # as most of Europe writes it
_AMOUNT = rf"(?:{_COMMA_DECIMAL}|{NUMBER}|\.\d+)"
_NOUN = re.compile(rf"{PLAIN_NOUN}(?!\s\w+(?:ing|ed)\b)")
_CASH = re.compile(r"\s(?:(?:bank)?notes?|bills?|coins?|vouchers?)\b")
_SPANS = {
    **{"pm": "month", "p/m": "month", "pcm": "calendar month", "pw": "week", "p/w": "week"},
    **{"pa": "annum", "p/a": "annum", "p/h": "hour"},
}
_ROUND = {
    "100": "hundreds", "1000": "thousands", "10000": "tens of thousands",
    "100000": "hundreds of thousands",
}  # fmt: skip
_PER = [unit for unit in PER if len(unit) > 1 or unit == "h"]


def _plain(amount: str) -> str:
    """Return an amount with a point before its fraction and commas between its thousands."""
    if re.fullmatch(_COMMA_DECIMAL, amount):
        amount = amount.translate(str.maketrans(".,", ",."))
    return amount


def _money(match: re.Match[str]) -> str:
    groups = match.groupdict()
    sign = match["sign"] if match["sign"] == "kr" else match["sign"].upper()
    currency = _CURRENCIES[_CODES.get(sign, sign)]
    amount, upto, scale = _plain(match["amount"]), match["upto"], match["scale"]
    is_glued = match.string[max(0, match.start() - 1) : match.start()].isalnum()
    before = " " * is_glued + (groups.get("article") or "")
    before += "minus " * bool(groups.get("minus") or groups.get("inner_minus"))
    # "a five dollar bill", "a ten million dollar deal"
    follower = match.string[match.end() : match.end() + 2]
    of_article = groups.get("article") and re.match(r"[\s-][a-z]", follower)
    of_noun = _CASH.match(match.string, match.end()) or (
        has_article(match) and _NOUN.match(match.string, match.end())
    )
    many = currency.one if of_article or of_noun else currency.many
    if upto and not scale and currency.cents and any(map(_has_cents, (amount, _plain(upto)))):
        ends = (_amount(each, currency, many) for each in (amount, _plain(upto)))
        return before + " to ".join(ends)
    if scale or upto:
        scale, low_scale = (
            _SCALES[each.lower()] if each else "" for each in (scale, groups.get("low_scale"))
        )
        low = [number(amount), low_scale * (low_scale != scale)]
        high = ["to", number(_plain(upto))] if upto else []
        return before + " ".join(filter(None, [*low, *high, scale, many]))
    return before + _amount(amount, currency, many)


def _has_cents(amount: str) -> bool:
    return len(amount.partition(".")[2]) == 2


def _amount(amount: str, currency: _Currency, many: str) -> str:
    whole, _, fraction = amount.partition(".")
    if fraction and (len(fraction) != 2 or not currency.cents):
        return f"{number(amount)} {many}"
    parts = []
    if whole.strip("0,") or not fraction.strip("0"):
        parts.append(f"{cardinal(whole)} {currency.one if whole == '1' else many}")
    if fraction.strip("0"):
        cents = currency.one_cent if fraction == "01" else currency.cents
        parts.append(f"{cardinal(fraction.lstrip('0'))} {cents}")
    return " and ".join(parts)


def _old_money(match: re.Match[str]) -> str:
    """Return `four pounds ten shillings and six pence` for `£4 10s. 6d.`."""
    pounds, shillings = match["pounds"] or match["only"], match["shillings"] or match["rest"]
    said = [f"{cardinal(pounds)} pound{'s' * (pounds != '1')}"] if pounds else []
    said.append(f"{cardinal(shillings)} shilling{'s' * (shillings != '1')}")
    if pence := match["pence"]:
        said.append(f"and {cardinal(pence)} {'penny' if pence == '1' else 'pence'}")
    return " ".join(said)


def _cents(match: re.Match[str]) -> str:
    return f"{number(match['amount'])} {'cent' if match['amount'] == '1' else 'cents'}"


def _coins(match: re.Match[str]) -> str:
    """Return `six pence` for `6d.`."""
    one, many = ("shilling", "shillings") if match["coin"] == "s" else ("penny", "pence")
    return f"{cardinal(match['amount'])} {one if match['amount'] == '1' else many}"


def _round_sum(match: re.Match[str]) -> str:
    """Return `thousands of dollars` for `$1,000s`."""
    said = _ROUND[match["amount"].replace(",", "")]
    return said if match["of"] is not None else f"{said} of {_CURRENCIES[match['sign']].many}"


MONEY: tuple[Rule, ...] = (
    rule(  # of a table's column
        rf"(?<=[A-Za-z]\s)\((?P<sign>[{_BARE_SIGNS}])(?P<scale>[KMB]|[km]|mm|bn)?\)",
        lambda m: (
            f"({_SCALES[m['scale'].lower()] + 's of ' if m['scale'] else ''}"
            f"{_CURRENCIES[m['sign']].many})"
        ),
    ),
    rule(  # as in a balance
        rf"(?<![\w.,])(?P<sign>[{_BARE_SIGNS}])\((?P<amount>\d[\d.,]{{0,15}})\)(?=[\s.,;:)]|[kKMBmb]\b|$)",
        lambda m: f"-{m['sign']}{m['amount']}",
    ),
    rule(
        rf"(?<![\w.,])(?P<sign>[{_BARE_SIGNS}])(?P<amount>100|10{{0,2}},?000)s(?![\w'’])(?P<of>(?=\sof\b))?",
        _round_sum,
    ),
    rule(rf"(?P<sum>[{_BARE_SIGNS}]\d[\d.,]{{0,12}})T(?![\w-])", lambda m: f"{m['sum']} trillion"),
    rule(
        r"(?P<sum>(?:₹|\bRs\.?)\s?\d[\d.,]{0,12})\s?[Cc]r\b\.?(?!\w)", lambda m: f"{m['sum']} crore"
    ),
    rule(r"(?<![^\s(\"“])\$(?=[A-Z]{2,5}(?![\w/]))", ""),  # of a share, as in `$TSLA`
    rule(
        r"(?<!\w)(?:£(?P<pounds>\d{1,4})\s)?(?P<shillings>1?\d)s\.?\s(?P<pence>1?\d)d\b\.?"
        r"|£(?P<only>\d{1,4})\s(?P<rest>1?\d)s\b\.?(?!\w)",
        _old_money,
    ),
    rule(
        r"(?<![\w.,/$£€-])(?P<amount>1?[1-9])(?P<coin>[sd])\.(?=\s(?:an?|and|bit|each|for|in|only|per|piece|stamp|to)\b|[,;)])",
        _coins,
    ),
    rule(r"(?P<amount>(?:\bRs\.?\s?|₹\s?)\d[\d,]{0,14})/[-–](?!\w)", lambda m: m["amount"]),
    rule(r"\bRs\.?\s?(?=\d)", "₹"),
    rule(r"(?<=\d)\s?zł\b", " PLN"),
    rule(
        rf"(?P<amount>[{_BARE_SIGNS}]\d[\d.,]{{0,12}})(?:\s?pp|\sp\.p\.)(?!\w)",
        lambda m: f"{m['amount']} per person",
    ),
    rule(
        rf"(?P<amount>[{_BARE_SIGNS}]\d[\d.,]{{0,12}}[kK]?)\s?(?P<per>{alternatives(list(_SPANS))})(?!\w)",
        lambda m: f"{m['amount']} per {_SPANS[m['per']]}",
    ),
    rule(r"(?<=\d)/ea(?![\w])\.?", " each"),
    rule(rf"\b(?P<code>{'|'.join(_DOLLAR_CODES)})\s?\$(?=\.?\d)", lambda m: f"{m['code']} "),
    rule(
        rf"(?<![\w$])\$(?P<amount>{NUMBER}(?:[\s-]?(?:{alternatives(list(_SCALES))})\b)?)\s"
        rf"(?P<code>{'|'.join(_DOLLAR_CODES)})\b",
        lambda m: f"{m['code']} {m['amount']}",
    ),
    rule(
        rf"(?<!\w)[{_BARE_SIGNS}](?P<amount>[1-9]\d{{0,3}})s(?![\w'’])",
        lambda m: plural(cardinal(m["amount"])),
    ),
    rule(
        rf"(?<![\w.,/{_BARE_SIGNS}])(?P<count>\d{{1,2}})/(?=[{_BARE_SIGNS}]\d)",
        lambda m: f"{m['count']} for ",
    ),
    rule(
        rf"(?:(?<=[\d{_BARE_SIGNS}A-Z])|(?<=\d[p+]))/(?P<per>{alternatives(_PER)})\b(?!/K\b)(?:\.(?=\s[a-z+(]|[,;:)]))?",
        lambda match: f" per {PER[match['per']]}",
    ),
    rule(
        rf"(?P<sum>[{_BARE_SIGNS}]\d[\d.,]{{0,12}})/(?P<many>1?\d{{1,3}})(?P<scale>[kKM])?(?=\s[a-z])",
        lambda m: (
            f"{m['sum']} per {m['many']}{' ' + _SCALES[m['scale'].lower()] if m['scale'] else ''}"
        ),
    ),
    rule(
        rf"(?P<sum>[{_BARE_SIGNS}]\d[\d.,]{{0,12}})/(?=[a-z]{{3,12}}(?![\w/]|\.\w))",
        lambda m: f"{m['sum']} per ",
    ),
    rule(
        rf"(?P<article>\b[Aa]n?\s)?{MINUS}"
        rf"(?P<sign>(?<![A-Za-z])(?i:{alternatives(_SIGNS)})|[{_BARE_SIGNS}]"
        rf"|\b(?:{alternatives(_LETTERS)})(?=\s?[\d.]))"
        rf"\s?(?P<inner_minus>[-−])?(?P<amount>{_AMOUNT})"
        rf"(?:(?P<low_scale>(?:[kKmMbB]|[mbt]n))?\s?[-–—]\s?(?:[{_BARE_SIGNS}]|(?P=sign))?(?P<upto>{_AMOUNT}))?{_SCALE}"
        r"(?:-(?:dollar|pound|euro)\b)?",
        _money,
    ),
    rule(
        rf"{MINUS}{START}(?P<amount>{_AMOUNT})(?:\s?[-–—]\s?(?P<upto>{_AMOUNT}))?{_SCALE}\s?"
        rf"(?P<sign>(?:[{_BARE_SIGNS}])(?![\d.])|(?:{alternatives(_LETTERS)})\b)",
        _money,
    ),
    rule(rf"{START}(?P<amount>{NUMBER})\s?¢", _cents),
    rule(rf"{START}(?P<amount>\d{{1,2}})p\b", lambda m: f"{cardinal(m['amount'])} pence"),
    rule(
        rf"{MINUS}(?<![\w.,])(?P<amount>\d{{1,3}})\s?bps\b",
        lambda m: (
            f"{'minus ' * bool(m['minus'])}{cardinal(m['amount'])} basis point"
            f"{'s' * (m['amount'] != '1')}"
        ),
    ),
)
"""Amounts such as `$12.50`, `£3.5 million` or `20 EUR`, and basis points."""
