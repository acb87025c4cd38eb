from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("5 mg/kg/day at 100 ft/s", "five milligrams per kilogram per day at "
     "one hundred feet per second"),
    ("5.5 L/100 km, 70 kg/m²", "five point five liters per one hundred kilometers, "
     "seventy kilograms per square meter"),
    ("60 miles/hour, 30 miles per gal.", "sixty miles per hour, thirty miles per gallon."),
    ("2 feet/sec/sec, 9.8 m/s^2", "two feet per second per second, "
     "nine point eight meters per second squared"),
    ("5 m2, 2 cu. ft. and 8 fl. oz.", "five square meters, two cubic feet and eight fluid ounces."),
    ("a 40 lb bag of 40 lb", "a forty pound bag of forty pounds"),
    ("the 5 km run, a 10-km run", "the five kilometer run, a ten kilometer run"),
    ("a 27-in. screen, 6 in tall", "a twenty seven inch screen, six inches tall"),
    ("1/3 c. milk, 2 c. flour, 1 pt. cream", "one third cup milk, two cups flour, one pint cream"),
    ("2 x 400g tins, 4 x 100 m", "two four hundred gram tins, four by one hundred meters"),
    ("20 × 30 cm, 12 ft. x 10 ft.", "twenty by thirty centimeters, twelve feet by ten feet."),
    ("at 350 F or 180C/160C", "at three hundred and fifty degrees Fahrenheit or "
     "one hundred and eighty degrees Celsius, one hundred and sixty degrees Celsius"),
    ("120/80 mmHg, 6 mos., 2 yrs. old", "one hundred and twenty over eighty millimeters of "
     "mercury, six months, two years old"),
    ("12 pt font, 1.2 pts, seat 14C", "twelve point font, one point two points, seat fourteen see"),
    ("wait 30s, a 5s delay", "wait thirty seconds, a five second delay"),
    ("a skill (5s), cats(1s)", "a skill (five seconds), cats(ones)"),
    ("1960s and 70s rock", "nineteen sixties and seventies rock"),
    ("a 60W bulb, 5mm thick", "a sixty watt bulb, five millimeters thick"),
    ("5 years/day, 10⁶ cells/mL", "five years per day, ten to the power of six cells per "
     "milliliter"),
    ("10^-3 mol, 3 × 10⁸ m/s", "ten to the power of minus three moles, three times ten to the "
     "power of eight meters per second"),
    ("10 µL at 25 ng/mL", "ten microliters at twenty five nanograms per milliliter"),
    ("3x/day, a 5yo, 40 m.p.h.", "three times per day, a five year old, forty miles per hour"),
    ("two 5yo boys, both 6 y/o", "two five year old boys, both six years old"),
    ("1¼–1½ cups, 10 min. per side", "one and a quarter to one and a half cups, ten minutes per "
     "side"),
    ("a 90° angle, wind 15 km/h NW", "a ninety degree angle, wind fifteen kilometers per hour "
     "northwest"),
    ("a 5-min. rest, 900-sq.-ft.", "a five minute rest, nine hundred square foot."),
    ("a 30 s delay of 30 s, 1 s.", "a thirty second delay of thirty seconds, one second."),
    ("2× zoom at 640×480, 3 doz. eggs", "two times zoom at six forty by four eighty, "
     "three dozen eggs"),
    ("in km/h or MB/s", "in kilometers per hour or megabytes per second"),
    ("two 12 oz bottles, 20 ms delay, 10g fat",
     "two twelve ounce bottles, twenty millisecond delay, ten grams fat"),
    ("a 2h30m flight, 3 100m races",
     "a two hour thirty minute flight, three one hundred meter races"),
    ("12m people, 5 mil viewers, 12m tall",
     "twelve million people, five million viewers, twelve meters tall"),
    ("14k gold, 10 st 4 lb, 5V/2A, a 10A fuse",
     "fourteen karat gold, ten stone four pounds, five volts, two amps, a ten amp fuse"),
    ("$5 per sq. ft. now, 15 kt, 4 ly",
     "five dollars per square foot now, fifteen knots, four light years"),
    ("a 350F oven, a 38.5C fever, 5 Å, 400 IU",
     "a three hundred and fifty degree Fahrenheit oven, a thirty eight point five degree "
     "Celsius fever, five angstroms, four hundred international units"),
    ("8-1/2 x 11, 120 VAC, a 24h clock",
     "eight and a half by eleven, one hundred and twenty volts ay see, a twenty four hour "
     "clock"),
    ("375 degrees F, 24/15°C, 72°F/22°C",
     "three hundred and seventy five degrees Fahrenheit, twenty four, fifteen degrees "
     "Celsius, seventy two degrees Fahrenheit, twenty two degrees Celsius"),
    ("Highs 18-20C, 29.92 in. Hg",
     "Highs eighteen to twenty degrees Celsius, twenty nine point nine two inches of "
     "mercury"),
    ("1 (15 oz) can, -2s cooldown, pop. 8.8m",
     "one (fifteen ounce) can, minus two second cooldown, population eight point eight "
     "million"),
    ("1.2K followers, 50K+ users, 3B people",
     "one point two thousand followers, fifty thousand plus "
     "users, three billion people"),
    ("a 4K stream, 8K copies, a 7B model, 1.2K", "a four kay stream, eight kay copies, a seven bee "
     "model, one point two kay"),
    ("at 300 K, cooled to 4.2 K, at 300 K users, over 300 K",
     "at three hundred kelvin, cooled to four "
     "point two kelvin, at three hundred thousand users, over three hundred kay"),
    ("Heat to 350F. Add it. temp 98.6F",
     "Heat to three hundred and fifty degrees Fahrenheit. Add it. temp ninety eight point "
     "six degrees Fahrenheit"),
    ("butter and 1/4 tsp. salt, 2 1/4 tsp. salt",
     "butter and one quarter teaspoon salt, two and a quarter teaspoons salt"),
    ("a hub, 4K@60Hz, one 5 gal. bucket", "a hub, four kay at sixty hertz, one five gallon bucket"),
    ("ten lbs, five km away, sixty ft. tall, one sec",
     "ten pounds, five kilometers away, sixty feet tall, one second"),
    ("a ten-lb bag, a two hr wait, several yrs. Then",
     "a ten-pound bag, a two hour wait, several years. Then"),
    ("a 3BR/2.5BA house", "a three bedroom, two and a half bath house"),
    ("500 lb-ft, 10 Pa, 12 kn, 10 kg·m, 6 J·s", "five hundred pound feet, ten pascals, twelve "
     "knots, ten kilogram meters, six joule seconds"),
    ("a force of 5 N, 500 J, at 298.15 K", "a force of five newtons, five hundred joules, at two "
     "hundred and ninety eight point one five kelvin"),
    ("20° C, 20 deg. C, 45 degs", "twenty degrees Celsius, twenty degrees Celsius, forty five "
     "degrees"),
    ("50/60Hz, 28/36 mpg, 12V DC, 1.5A", "fifty, sixty hertz, twenty eight, thirty six miles per "
     "gallon, twelve volts dee see, one point five amps"),
    ("(L x W x H), 8GB x 2, b.i.d. x 7 days", "(ell by double-you by aitch), eight gigabytes times "
     "two, twice a day times seven days"),
    ("1 (8 oz) pkg. rice, 2 T. butter, 1 t. salt", "one (eight ounce) package rice, two "
     "tablespoons butter, one teaspoon salt"),
    ("at 400F/200C", "at four hundred degrees Fahrenheit, two hundred degrees Celsius"),
    ("MPG: 25/32", "em pee jee: twenty five, thirty two"),
    ("200g/7oz flour, a 30cm/12in pan, 250 mg/5 mL", "two hundred grams, seven ounces flour, a "
     "thirty centimeters, twelve inch pan, two hundred and fifty milligrams per five milliliters"),
    ("10 st. 5 lb., 11½ in. wide, cut 2in off", "ten stone five pounds, eleven and a half inches "
     "wide, cut two inches off"),
    ("Prep: 15m, Total time: 45m, Cook 1h30", "Prep: fifteen minutes, Total time: forty five "
     "minutes, Cook one hour thirty minutes"),
    ("3/8-in. drive, 10 mm socket, 12-ct box, 12 pcs, 5 mH", "three eighths-inch drive, ten "
     "millimeter socket, twelve count box, twelve pieces, five millihenries"),
    ("8½ x 11, 30 in x 40 in; 2 mm", "eight and a half by eleven, thirty inches by forty inches; "
     "two millimeters"),
    ("3.0 m s⁻¹, 10⁻³ mol dm⁻³, 5 W m⁻² K⁻¹, W/m²", "three point zero meters per second, ten to "
     "the power of minus three moles per cubic decimeter, five watts per square meter per kelvin, "
     "double-you per square meter"),
    ("a force of 1 N, Row 12 J, 5 T. rex", "a force of one newton, Row twelve jay, five tee rex"),
    ("12-ga., 5-spd, 16oz latte, 45k mi., x 10d", "twelve gauge, five speed, sixteen ounce latte, "
     "forty five thousand miles, times ten days"),
    ("2-4in of snow, 2-4 in. wide", "two to four inches of snow, two to four inches wide"),
    ("3m 43.13s, .5%, .25 mi, at 350f",
     "three minutes forty three point one three seconds, zero point five percent, zero point "
     "two five miles, at three hundred and fifty degrees Fahrenheit"),
    ("9st 3, he is 12st 4lb, 21st",
     "nine stone three, he is twelve stone four pounds, twenty first"),
    ("Snow 3\"-5\", 2 pp. and, 985 mb, 1h 27m 57.9s",
     "Snow three to five inches, two pages and, nine hundred and eighty five millibars, one "
     "hour twenty seven minutes fifty seven point nine seconds"),
    ("highs 72F, $9 (7.5x)",
     "highs seventy two degrees Fahrenheit, nine dollars (seven point five times)"),
    ("2.4GHz/5GHz, at -35bp, 0.2 °C/decade",
     "two point four gigahertz, five gigahertz, at minus thirty five basis points, "
     "zero point two degrees Celsius per decade"),
    ('3 ft 6 in x 2 ft, M8 x 1.25, a 4x6" print',
     "three feet six inches by two feet, em eight by one point two five, a four by six inch print"),
    ("3/4 in., 1 1/2 in. thick, 98.6F",
     "three quarters inch, one and a half inches thick, ninety eight point six degrees Fahrenheit"),
    ("12 ga. wire, .22 cal., 12 oz. pkg. of it",
     "twelve gauge wire, twenty two caliber, twelve ounce package of it"),
    ("2 c flour, (1 c.), 3 lg. eggs, med.-low",
     "two cups flour, (one cup), three large eggs, medium-low"),
    ("5 c each", "five c each"),
    ("300+ yds. of it, the 5 W's, 4-BR, 0.25 ac",
     "three hundred plus yards of it, the five double-you's, four bedroom, zero point two "
     "five acres"),
    ("Sq. ft.: 5, water/hr, Lat: 37.7, Long: -5.5",
     "Square feet: five, water per hour, Latitude: thirty seven point seven, Longitude: "
     "minus five point five"),
    ("1.5/s, 5/day, 3 doses/24h", "one point five per second, five per day, "
     "three doses per twenty four hours"),
    ("2x–3x as fast, 2 × AA cells", "two to three times as fast, two times double ay cells"),
    ("8 yrs. AITA? 2 lbs. Yukon Gold", "eight years. AITA? two pounds Yukon Gold"),
    ("a 5.1' tide, 1'08\" ahead", "a five point one foot tide, one minute eight seconds ahead"),
    ("weighs 14st 6lb. So 500 pcs. at $.79 ea. So", "weighs fourteen stone six pounds. So five "
     "hundred pieces at seventy nine cents each. So"),
    ("12 m a.s.l.", "twelve meters above sea level."),
    ("a 7.62×39mm round, 3d/wk", "a seven point six two times thirty nine millimeter round, "
     "three days per week"),
    ("$500 min.; Potion (x4), (x86)", "five hundred dollars minimum; Potion (times four), "
     "(ex eighty six)"),
    ("3 ×10^9/L, 24.9 kg/m2, W/m2", "three times ten to the power of nine per liter, twenty four "
     "point nine kilograms per square meter, double-you per square meter"),
    ("-40 °F = -40 °C", "minus forty degrees Fahrenheit equals minus forty degrees Celsius"),
    ("100-240V AC/50-60Hz, 2/16 GB, 5MB/1GB", "one hundred to two hundred and forty volts ay see, "
     "fifty to sixty hertz, two out of sixteen gigabytes, five megabytes, one gigabyte"),
    ("2m ago, 3d ago, 2w ago, 1h ago", "two minutes ago, three days ago, two weeks ago, one hour "
     "ago"),
    ("1920x1080 px", "nineteen twenty by ten eighty pixels"),
    ("JANE (30s), Plank (30s)", "JANE (thirties), Plank (thirty seconds)"),
    ("2 lg eggs, 1 med onion", "two large eggs, one medium onion"),
    ("5 mg PO BID, 2 tabs TID", "five milligrams by mouth twice a day, two tabs three times a day"),
    ("Height (cm), Temp (°C), Time (s), Rate (mm/yr), he (s) is, Share (%)",
     "Height (centimeters), Temp (degrees Celsius), Time (seconds), Rate (millimeters per year), "
     "he (s) is, Share (percent)"),
    ("le chat (m), Leeds (W), Val (V), Length (m)", "le chat (m), Leeds (double-you), Val (vee), "
     "Length (meters)"),
    ("with 200m to go, 100 m remaining, 5m to go", "with two hundred meters to go, one hundred "
     "meters remaining, five minutes to go"),
    ("45s remaining, 2h left, 5m left, q4-6h", "forty five seconds remaining, two hours left, five "
     "meters left, every four to six hours"),
    ("timeout=30s", "timeout equals thirty seconds"),
    ("for a few yrs. Next wk we go", "for a few years. Next week we go"),
    ("back off (1s, 2s, 4s, ...), in (20s, 30s)", "back off (one second, two seconds, four "
     "seconds, ...), in (twenty seconds, thirties)"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_measures_are_named(written: str, said: str) -> None:
    assert normalize(written) == said
