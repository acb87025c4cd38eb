from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Your code is 482913.", "Your code is four eight two nine one three."),
    ("PIN: 0042, area code 212", "PIN: zero zero four two, area code two one two"),
    ("zip code 90210, error code 404", "zip code nine zero two one zero, error code "
     "four hundred and four"),
    ("550e8400-e29b-41d4-a716-446655440000", "five five zero ee eight four zero zero, "
     "ee two nine bee, four one dee four, ay seven one six, "
     "four four six six five five four four zero zero zero zero"),
    ("00:1B:44:11:3A:B7 is #FF5733", "zero zero, one bee, four four, one one, three ay, bee seven "
     "is hash eff eff five seven three three"),
    ("0x1F and ABX7Q2", "zero ex one eff and ay bee ex seven cue two"),
    ("4F7K-92LX-01", "four eff seven kay, nine two ell ex, zero one"),
    ("BA117, H1N1, AB12 CDE", "bee ay one seventeen, aitch one en one, "
     "ay bee twelve see dee ee"),
    ("Text STOP to 55555.", "Text STOP to five five five five five."),
    ("Order #A12-3345", "Order number ay one two, three three four five"),
    ("p53, a 12a, 1080p", "pee fifty three, a twelve ay, ten eighty pee"),
    ("Dial *67, main.py:42", "Dial star six seven, main dot pee why line forty two"),
    ("Room 101, Rooms 101-105", "Room one oh one, Rooms one oh one to one oh five"),
    ("a Boeing 737-800, my RTX 4090", "a Boeing seven thirty seven eight hundred, "
     "my ar tee ex forty ninety"),
    ("Room 5, Form 1040, the I-405", "Room five, Form ten forty, the eye four oh five"),
    ("CVE-2021-44228, No. 21-1234",
     "see vee ee twenty twenty one, four four two two eight, Number twenty one, twelve "
     "thirty four"),
    ("IEEE 802.11ax, invoice 2024/017",
     "eye ee ee ee eight oh two dot eleven ay ex, invoice twenty twenty four slash zero "
     "one seven"),
    ("Route 9W, Suite 9V, bug #1234",
     "Route nine double-you, Suite nine vee, bug number twelve thirty four"),
    ("a .22 rifle, a .357 Magnum, he hit .312",
     "a twenty two rifle, a three fifty seven Magnum, he hit three twelve"),
    ("Boeing 747s", "Boeing seven forty sevens"),
    ("H.264, x86-64, F-150, 24/7/365",
     "aitch two sixty four, ex eighty six sixty four, eff one fifty, twenty four seven "
     "three sixty five"),
    ("Fig. 2A–C", "Figure two ay to see"),
    ("INV-2024-0042, sort code 20-00-00",
     "eye en vee twenty twenty four, zero zero four two, sort code two zero, zero zero, "
     "zero zero"),
    ("hit .287/.350/.480, 2 x Widget",
     "hit two eighty seven, three fifty, four eighty, two times Widget"),
    ("the A380, an A320neo, two B747s", "the ay three eighty, an ay three twenty neo, two bee "
     "seven forty sevens"),
    ("ISO2022-JP, SHA-256, an F/A-18, A007", "eye ess oh twenty twenty two jay pee, ess aitch ay "
     "two fifty six, an eff ay-eighteen, ay zero zero seven"),
    ("S3Client, A4-sized", "ess three Client, ay four-sized"),
    ("720p60, a 12p stamp", "seven twenty pee sixty, a twelve pence stamp"),
    ("Flight 286, flight UA 405", "Flight two eighty six, flight you ay four oh five"),
    ("a flight 300 miles long", "a flight three hundred miles long"),
    ("Symphony K. 525, BWV 1007, ask Josef K.", "Symphony kay five twenty five, bee double-you vee "
     "one thousand and seven, ask Josef kay."),
    ("Route 9W.", "Route nine double-you."),
    ("ISSN 0317-847X, ZIP 10001-1234, PMID 1234567", "eye ess ess en zero three one seven, eight "
     "four seven ex, ZIP one zero zero zero one, one two three four, pee em eye dee one two three "
     "four five six seven"),
    ("arXiv:2106.09685v2", "arXiv two one zero six dot zero nine six eight five version two"),
    ("RFC 2616, ISO 9001:2015, ISO 8859-1", "ar eff see twenty six sixteen, eye ess oh nine "
     "thousand and one, twenty fifteen, eye ess oh eighty eight fifty nine one"),
    ("v1.0.0-beta.2, 2.0-rc1, PO# 4567, C# 8", "version one point zero point zero beta two, two "
     "point zero ar see one, pee oh number four thousand five hundred and sixty seven, see sharp "
     "eight"),
    ("Table 4-1, Figures 3-5, Ryzen 9 7950X", "Table four dash one, Figures three to five, Ryzen "
     "nine seventy nine fifty ex"),
    ("OPS .950, a .500 team", "oh pee ess nine fifty, a five hundred team"),
    ("Case 22-451, lap 52/57", "Case twenty two, four fifty one, lap fifty two out of fifty "
     "seven"),
    ("378282246310005, 5551234567, 1700000000", "three seven eight two eight two two four six "
     "three one zero zero zero five, five five five one two three four five six seven, one billion "
     "seven hundred million"),
    ("ISBN: 978 0 306 40615 7, A/C no. 12345678", "eye ess bee en: nine seven eight, zero, three "
     "zero six, four zero six one five, seven, account number one two three four five six seven "
     "eight"),
    ("5W-30, 195/65R15", "five double-you thirty, one ninety five sixty five ar fifteen"),
    ("Order #A-10293", "Order number ay, one zero two nine three"),
    ("J14-J15", "jay fourteen to jay fifteen"),
    ("Passcode: 4f7Kq2, dQw4w9WgXcQ",
     "Passcode: four eff seven kay cue two, dee cue double-you four double-you nine "
     "double-you jee ex see cue"),
    ("5ft10in, 1h30m15s, 10x20x30, iPhone15Pro",
     "five feet ten inches, one hour thirty minutes fifteen seconds, ten by twenty by "
     "thirty, iPhone fifteen Pro"),
    ("#INV-2024-0456, SKU 8472910, Form 1099-MISC",
     "number eye en vee twenty twenty four, zero four five six, ess kay you eight four "
     "seven two nine one zero, Form ten ninety nine-MISC"),
    ("a 747, a 737-800, the 747 men",
     "a seven forty seven, a seven thirty seven eight hundred, the seven hundred and forty "
     "seven men"),
    ("order no. 12345678, ID 482913, number 1000000",
     "order number one two three four five six seven eight, eye dee four eight two nine "
     "one three, number one million"),
    ("Invoice 2024-0017, P/N 55-1203", "Invoice twenty twenty four, zero zero one seven, "
     "part number five five, one two zero three"),
    ("account no. 4417 2031", "account number four four one seven, two zero three one"),
    ("B.1.1.7, BA.2.86 and A. 1", "bee one point one point seven, bee ay two point eighty six and "
     "A. one"),
    ("Wong 2018a,b at WMT'14", "Wong twenty eighteen ay, bee at double-you em tee fourteen"),
    ("port 8080, Port 443", "port eighty eighty, Port four forty three"),
    ("Python 3.12, 3.14, v2.10, version 1.5", "Python three point twelve, three point one four, "
     "version two point ten, version one point five"),
    ("press 0#, or the # key, item 3#", "press zero pound, or the pound key, item three#"),
    ("Moncton, NB E1C 8R3; ON M5W 1G6, ON IT",
     "Moncton, New Brunswick ee one see eight ar three; Ontario em five double-you one jee six, "
     "ON IT"),
    ("Llama-3.1-8B, pages 3-5", "Llama-three point one-eight bee, pages three to five"),
    ("Your code is 493-028.", "Your code is four nine three zero two eight."),
    ("a .390 OBP, ext 12", "a three ninety oh bee pee, extension twelve"),
    ("Visa ending 4242", "Visa ending four two four two"),
    ("OTP is 552 901, a .30-06", "oh tee pee is five five two nine zero one, a thirty aught six"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_codes_are_read_character_by_character(written: str, said: str) -> None:
    assert normalize(written) == said
