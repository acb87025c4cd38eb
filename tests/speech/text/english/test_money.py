from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Revenue ($M), Price (€)", "Revenue (millions of dollars), Price (euros)"),
    ("a $1.2-million grant", "a one point two million dollar grant"),
    ("$1M-$2M, $500k-$1m, €5m–€7m", "one to two million dollars, five hundred thousand to "
     "one million dollars, five to seven million euros"),
    ("200 kr, RMB 500, 5 BTC", "two hundred kronor, five hundred yuan, five bitcoins"),
    ("$78.55/bbl, $3/sq ft", "seventy eight dollars and fifty five cents per barrel, "
     "three dollars per square foot"),
    ("1.234.567,89 or 1,5 kg", "one million two hundred and thirty four thousand five hundred and "
     "sixty seven point eight nine or one point five kilograms"),
    ("12,5 % of 1 234,56", "twelve point five percent of one thousand two hundred and thirty four "
     "point five six"),
    ("500 zł", "five hundred zlotys"),
    ("CAD $50, $50 USD, $20s", "fifty Canadian dollars, fifty dollars, twenties"),
    ("₹1.5 crore, $100M+", "one point five crore rupees, one hundred million dollars plus"),
    ("the $64,000 question", "the sixty four thousand dollar question"),
    ("the $5 he owed, 1.000 €", "the five dollars he owed, one thousand euros"),
    ("£3.50pp, $20 p.p. now", "three pounds and fifty pence per person, "
     "twenty dollars per person now"),
    ("3/$10, 2/$5", "three for ten dollars, two for five dollars"),
    ("$1.50-$2.00 or €3.50–4",
     "one dollar and fifty cents to two dollars or three euros and fifty cents to four "
     "euros"),
    ("$TSLA is up $5 mil", "tee ess ell ay is up five million dollars"),
    ("$2,500/mo. + tax", "two thousand five hundred dollars per month plus tax"),
    ("£9.99pm, £500 pcm, £3/ea",
     "nine pounds and ninety nine pence per month, five hundred pounds per calendar month,"
     " three pounds each"),
    ("two $20 bills, £5 notes", "two twenty dollar bills, five pound notes"),
    ("Rs. 1,00,000/-, $100/mo.; Inv. #45", "one hundred thousand rupees, one hundred dollars per "
     "month; Invoice number forty five"),
    ("£4 10s. 6d., 3s. 1d., 5bp", "four pounds ten shillings and six pence, three shillings and "
     "one penny, five basis points"),
    ("GBP1,000, $US 50, $NZ5, ₹2.5 Cr", "one thousand pounds, fifty dollars, five New Zealand "
     "dollars, two point five crore rupees"),
    ("$3.2T, a $5T deal", "three point two trillion dollars, a five trillion dollar deal"),
    ("£9 p/m, 50p/kg, $1,000s, 3 x $4 to 99c",
     "nine pounds per month, fifty pence per kilogram, thousands of dollars, three times "
     "four dollars to ninety nine cents"),
    ("12s. a week, a 6d. piece", "twelve shillings a week, a six pence piece"),
    ("£45/bag, $9/mo", "forty five pounds per bag, nine dollars per month"),
    ("a loss of $(3.2)M, $(450)",
     "a loss of minus three point two million dollars, minus four hundred and fifty dollars"),
    ("Rs 1.5 lakh crore", "one point five lakh crore rupees"),
    ("a $1.5-million-dollar home", "a one point five million dollar home"),
    ("US$5bn–US$6bn, $900 per mo.", "five to six billion dollars, nine hundred dollars per month."),
    ("between $5-$10", "between five dollars and ten dollars"),
    ("$0.02/1K tokens, incl. tax, tax incl.",
     "two cents per one thousand tokens, including tax, tax included"),
    ("$50+/mo., 50+%", "fifty dollars plus per month, fifty plus percent"),
    ("$12MM", "twelve million dollars"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_amounts_are_said_in_their_currency(written: str, said: str) -> None:
    assert normalize(written) == said
