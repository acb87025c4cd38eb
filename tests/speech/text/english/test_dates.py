from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("2024-03-15 14:30:00+02:00", "March fifteenth, twenty twenty four at fourteen thirty "
     "you tee see plus two"),
    ("2024-03-15T14:30-05:30", "March fifteenth, twenty twenty four at fourteen thirty "
     "you tee see minus five thirty"),
    ("0630 hrs, 0600 hours, 1300Z", "oh six thirty hours, oh six hundred hours, "
     "thirteen hundred Zulu"),
    ("14h30, T-10 minutes", "fourteen thirty, tee minus ten minutes"),
    ("15-Mar-2024 or 1/Jan/99", "March fifteenth, twenty twenty four or "
     "January first, nineteen ninety nine"),
    ("Sat, 5 Dec; Sat 10-4; Wed 8pm", "Saturday, the fifth of December; Saturday ten to four; "
     "Wednesday eight pee em"),
    ("Mon-Fri 9am-5pm", "Monday to Friday nine ay em to five pee em"),
    ("He sat 10 feet off. Sat 5 rows back", "He sat ten feet off. Sat five rows back"),
    ("Dec. 5, 2023–Jan. 6", "December fifth, twenty twenty three to January sixth"),
    ("5 May - 7 June, Q4'23", "the fifth of May to the seventh of June, cue four twenty three"),
    ("in '08, '00 and '99", "in oh eight, zero zero and ninety nine"),
    ("(b. 1945) or (d. c. 1802)", "(born nineteen forty five) or (died circa eighteen oh two)"),
    ("a 19th c. house", "a nineteenth century house"),
    ("at 00:00, 0:00, 12:00:00", "at midnight, zero o'clock, twelve o'clock"),
    ("ran it in 41:23, odds of 52:48", "ran it in forty one twenty three, "
     "odds of fifty two to forty eight"),
    ("Mon 3/4, due 5/9, on 3/4", "Monday March fourth, due five nine, on three quarters"),
    ("5 p.m. Monday, 7 p.m. EST", "five pee em Monday, seven pee em ee ess tee"),
    ("Tues. & Thurs. in Dec 2020", "Tuesday and Thursday in December twenty twenty"),
    ("the 1920s–30s, 44 BC–AD 14", "the nineteen twenties to thirties, forty four bee see to ay "
     "dee fourteen"),
    ("noon-1pm, 12:00 noon", "noon to one pee em, twelve noon"),
    ("a 1:50 scale", "a one to fifty scale"),
    ("on 15.3.24, 03.04.22, 15.3.24", "on March fifteenth, twenty twenty four, "
     "April third, twenty twenty two, fifteen point three point twenty four"),
    ("UTC-5 or GMT+5:30", "you tee see minus five or jee em tee plus five thirty"),
    ("the a.m. shift, in the p.m.", "the ay em shift, in the pee em."),
    ("2019–present", "twenty nineteen to present"),
    ("Open 08:00-12:00, 11:00-22:30",
     "Open eight o'clock to twelve o'clock, eleven o'clock to twenty two thirty"),
    ("2024-05-01T12:30-05:00",
     "May first, twenty twenty four at twelve thirty you tee see minus five"),
    ("1830hrs, at 0600 hrs, T+30s",
     "eighteen thirty hours, at oh six hundred hours, tee plus thirty seconds"),
    ("a 1:50,000 map, ca. AD 60", "a one to fifty thousand map, circa ay dee sixty"),
    ("Jo Lee, b. 1950, d. Mar. 3, 1989",
     "Jo Lee, born nineteen fifty, died March third, nineteen eighty nine"),
    ("the early '00s, by 2100.", "the early two thousands, by twenty one hundred."),
    ("19:00h, T-72h, a sub-4:00 mile",
     "nineteen hundred, tee minus seventy two hours, a sub-four mile"),
    ("5/1/2024–5/3/2024, ‘90s",
     "May first, twenty twenty four to May third, twenty twenty four, nineties"),
    ("(Lee, 2019b; Li 2020a)", "(Lee, twenty nineteen bee; Li twenty twenty ay)"),
    ("in '42, FY'24, 19th-C., 6:42a",
     "in forty two, eff why twenty four, nineteenth century, six forty two ay em"),
    ("05/2024, 12/1999, 5/2024",
     "May twenty twenty four, December nineteen ninety nine, May twenty "
     "twenty four"),
    ("2024-05, 2024/05, 2019-20, 2019/20",
     "twenty twenty four oh five, twenty twenty four slash oh "
     "five, twenty nineteen to twenty, twenty nineteen twenty"),
    ("ca. 10,000 yrs BP, 66 mya", "circa ten thousand years bee pee, sixty six million years ago"),
    ("at 0645, arrives at 2210 and, landed at 1000 feet",
     "at oh six forty five, arrives at twenty two ten and, landed at one thousand feet"),
    ("At 1800 hrs, 0900-1700 daily, code 0645", "At eighteen hundred hours, oh nine hundred to "
     "seventeen hundred daily, code zero six four five"),
    ("9:30AM ET/6:30AM PT, 9/8c", "nine thirty ay em ee tee, six thirty ay em pee tee, nine, eight "
     "Central"),
    ("10:00 o'clock, the week of 10/12, ca 1500",
     "ten o'clock, the week of October twelfth, circa fifteen hundred"),
    ("65 Ma, 4.5 Gyr", "sixty five million years ago, four point five billion years"),
    ("Bake 20 min. Remove it. 15 min. Total: 5", "Bake twenty minutes. Remove it. fifteen minutes. "
     "Total: five"),
    ("Fri & Sat 11am, 1010 AM, 880 AM, 630pm", "Friday and Saturday eleven ay em, ten ten ay em, "
     "eight eighty ay em, six thirty pee em"),
    ("the 5.30 from Bath. At 5.30 he rose, at 5.30 percent", "the five thirty from Bath. At five "
     "thirty he rose, at five point three zero percent"),
    ("A.D. 1066, 1066 AD", "ay dee ten sixty six, ten sixty six ay dee"),
    ("7:30/6:30c, 30-60-90 days", "seven thirty, six thirty Central, thirty, sixty, ninety days"),
    ("3 May. Left at 9. The 5th of Nov. He left.",
     "the third of May. Left at nine. The fifth of November. He left."),
    ("She rose at 5 p.m. \"No,\" he said.", "She rose at five pee em. \"No,\" he said."),
    ("3d of May, the 42d Street, (1618-48)",
     "third of May, the forty second Street, (sixteen eighteen to forty eight)"),
    ("FY23/24, 1744–48", "eff why twenty three twenty four, seventeen forty four to forty eight"),
    ("Mon–Thu 11.30–14.30", "Monday to Thursday eleven thirty to fourteen thirty"),
    ("By 9.30 I rose, or 5.15 at the latest",
     "By nine thirty I rose, or five fifteen at the latest"),
    ("the 4th ult. and", "the fourth ultimo and"),
    ("1066-1485, 1999/2000",
     "ten sixty six to fourteen eighty five, nineteen ninety nine to two thousand"),
    ("12/23-1/2, the 1/3-2/3 split",
     "December twenty third to January second, the one third to two thirds split"),
    ("Jan.–Mar., closed Sun & Mon;", "January to March, closed Sunday and Monday;"),
    ("Mon closed, Sat mornings, Weds 3rd, the Sun closed in",
     "Monday closed, Saturday mornings, Wednesday third, the Sun closed in"),
    ("ships on 3/5, on 3/5 of it, M–F 9-5, 3rd flr. of",
     "ships on three five, on three fifths of it, Monday to Friday nine to five, third floor of"),
    ("1-Jan, May 3-Jun 5, 2024.01.15, w/c 5 May",
     "January first, May third to June fifth, January fifteenth, twenty twenty four, week "
     "commencing the fifth of May"),
    ("by 15/4, on 3/4, on 31/12, after 24/7 work", "by the fifteenth of April, on three quarters, "
     "on the thirty first of December, after twenty four seven work"),
    ("at 9 PM. COME ALONE. At 5 P.M. SHARP", "at nine pee em. COME ALONE. At five pee em SHARP"),
    ("From 3pm.\n2. Go", "From three pee em.\ntwo. Go"),
    ("The 0715 to Leeds", "The oh seven fifteen to Leeds"),
    ("00:01:02, 00:00:12, 00:10:00; at 00:15:30; 2004 00:02:12", "one minute and two seconds, "
     "twelve seconds, ten minutes; at zero fifteen and thirty seconds; "
     "two thousand and four zero oh two and twelve seconds"),
    ("0:45 left", "forty five seconds left"),
    ("due 05/12, Mon 1 Jan–Fri 5 Jan", "due five twelve, Monday the first of January to Friday "
     "the fifth of January"),
    ("dep. Holyhead 02.40, arr. Dublin 05.55", "departs Holyhead two forty, arrives Dublin five "
     "fifty five"),
    ("2:3:5, dilute 1:10, 2:30:15", "two to three to five, dilute one to ten, two thirty and "
     "fifteen seconds"),
    ("14:22:01,123 INFO at 14:22:01", "fourteen twenty two and one point one two three seconds "
     "INFO at fourteen twenty two and one second"),
    ("on 4/5 @ 2p, on 3/4 of it", "on four five at two pee em, on three quarters of it"),
    ("Van Gogh d. 29 July 1890", "Van Gogh died the twenty ninth of July eighteen ninety"),
    ("at 09:41:07 -0700", "at nine forty one and seven seconds you tee see minus seven"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_dates_and_times_are_said(written: str, said: str) -> None:
    assert normalize(written) == said
