from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Bob Ray, R-Texas, said", "Bob Ray, ar, Texas, said"),
    ("Springfield, IL 62704", "Springfield, Illinois six two seven zero four"),
    (
        "New York, NY 10118-3299",
        "New York, New York one zero one one eight dash three two nine nine",
    ),
    ("Washington, D.C. 20500.", "Washington, dee see two zero five zero zero."),
    ("of Tampa, Fla., and Lee, Calif. She", "of Tampa, Florida, and Lee, California. She"),
    ("Then, Miss. Lee. Fine, OK.", "Then, Miss. Lee. Fine, oh kay."),
    ("Portland, OR", "Portland, Oregon"),
    ("(D-Calif.) and (R-Texas)", "(dee, California) and (ar, Texas)"),
    ("on W. 23rd St. He left", "on West twenty third Street. He left"),
    ("12 N. Main St. and E. Lee", "twelve North Main Street and ee Lee"),
    ("Elm Ave. NW, Oak St. S", "Elm Avenue Northwest, Oak Street South"),
    ("10 Downing St, London", "ten Downing Street, London"),
    ("I-95 N to Rte. 66 W is", "eye ninety five North to Route sixty six West is"),
    ("near Oak Ave and 5th St", "near Oak Avenue and fifth Street"),
    ("St. Ann on the 4th St. Pier", "Saint Ann on the fourth Street Pier"),
    ("(D-VT) of N. Dakota", "(dee, Vermont) of North Dakota"),
    ("In St Ives, 5 St James's Pl.", "In Saint Ives, five Saint James's Place."),
    ("the 42nd St Station", "the forty second Street Station"),
    ("an Oak St Apt 4", "an Oak Street Apartment four"),
    ("No 10 Downing St, the No 2 now", "Number ten Downing Street, the number two now"),
    ("NE 5th St.", "Northeast fifth Street."),
    ("He left Calif. in May for Oak Terr.", "He left California in May for Oak Terrace."),
    ("NW wind, a W wind", "northwest wind, a west wind"),
    ("Unit 5/12 Elm St, Sydney NSW 2000",
     "Unit five, twelve Elm Street, Sydney en ess double-you two zero zero zero"),
    ("Bengaluru 560001, Karnataka", "Bengaluru five six zero zero zero one, Karnataka"),
    ("Sister St. Luke", "Sister Saint Luke"),
    ("1st Ave & 2nd St", "first Avenue and second Street"),
    ("Austin, TX 78701-1234, USA",
     "Austin, Texas seven eight seven zero one dash one two three four, you ess ay"),
    ("Edinburgh EH1 1AA, B33 8TH.",
     "Edinburgh ee aitch one, one ay ay, bee three three, eight tee aitch."),
    ("4 King's Rd, London, 12th Fl, Bldg. C",
     "four King's Road, London, twelfth Floor, Building see"),
    ("45 km NW of Quito, 5 miles N of it",
     "forty five kilometers northwest of Quito, five miles north of it"),
    ("12 OAK ST. SUITE 5, EXT. 42ND ST. - DAY",
     "twelve OAK STREET SUITE five, Extension forty second STREET - DAY"),
    ("I SAW 5 NEW DR. WHO SHOWS", "I SAW five NEW Doctor WHO SHOWS"),
    ("Dr. Jo Smith, MD, PhD; Jo Roe, MA, PhD; Baltimore, MD", "Doctor Jo Smith, em dee, "
     "pee aitch dee; Jo Roe, em ay, pee aitch dee; Baltimore, Maryland"),
    ("RWY 27L, runway 09", "runway two seven left, runway zero nine"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_addresses_are_read_as_places(written: str, said: str) -> None:
    assert normalize(written) == said
