from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("an A* in maths, two A*s", "an ay star in maths, two ay stars"),
    ("(NASDAQ: TSLA), AAPL, BRK.B", "(NASDAQ: tee ess ell ay), ay ay pee ell, bee ar kay bee"),
    ("S T O P, h e l l o", "STOP, hello"),
    ("A B C D E, F B I, A C G T", "A B C D E, F B I, A C G T"),
    ("H.-J. Lee (a) first (b) last", "aitch jay Lee (ay) first (bee) last"),
    ("type O-, A+, a B- grade, B♭", "type oh negative, ay plus, a bee minus grade, bee flat"),
    ("w/o, n/a, 2% y/y, +9% YoY", "without, not applicable, two percent year on year, "
     "plus nine percent year over year"),
    ("red / blue, 7pm PT / 10pm", "red, blue, seven pee em pee tee, ten pee em"),
    ("/usr/bin, C:\\a\\b.txt", "slash usr slash bin, see colon backslash a backslash b dot "
     "tee ex tee"),
    ("vitamin C. He is Mr. T.", "vitamin see. He is Mister tee."),
    ("an A in, Q: Why?", "an ay in, cue: Why?"),
    ("by A. A. Milne, K. 525", "by ay ay Milne, kay five twenty five"),
    ("B2B, r.s.v.p. or i.o. now", "bee to bee, ar ess vee pee or eye oh now"),
    ("Disney+ is v2.3", "Disney plus is version two point three"),
    ("straight A's, W: 5 L: 3", "straight ay's, double-you: five ell: three"),
    ("the WHO, an IT job, who IT was", "the double-you aitch oh, an eye tee job, who IT was"),
    ("the A-Team, an A-level", "the ay-Team, an ay-level"),
    ("b) last", "bee) last"),
    ("I.e. the 2nd ed. incl. tax", "That is the second edition including tax"),
    ("an intl. asst. mgr., temp. 98, Qty. 2",
     "an international assistant manager, temperature ninety eight, Quantity two"),
    ("his/her, A -> B, ~/Music", "his or her, ay to bee, home slash Music"),
    ("Settings > General, a > b, w/out", "Settings, General, a is greater than b, without"),
    ("line 4, col. 7, vv. 4-5, ll. 5–9, Tab. 1",
     "line four, column seven, verses four to five, lines five to nine, Table one"),
    ("App. B, Ex. C, Eq. (4), Bk. II, vol. iii",
     "Appendix bee, Exhibit see, Equation (four), Book two, volume three"),
    ("the 14th Amend., 3rd Fl., 2nd Lt. Dan",
     "the fourteenth Amendment, third floor, second Lieutenant Dan"),
    ("Dep. 08:15, Arr. 10:42", "Departs eight fifteen, Arrives ten forty two"),
    ("Mme. Curie, Mlle. Li, the Dr. said", "Madame Curie, Mademoiselle Li, the Doctor said"),
    ("the Gov't, Int’l Ass’n, cont'd", "the Government, International Association, continued"),
    ("1 tab. p.o. b.i.d., 2 caps. prn", "one tablet by mouth twice a day, two capsules as needed"),
    ("s/he, TL;DR: no, cats vs dogs", "she or he, tee ell dee ar: no, cats versus dogs"),
    ("prod. by Al, (ft. Drake), Umbrella ft. Jay",
     "produced by Al, (featuring Drake), Umbrella featuring Jay"),
    ("FW: so, tel. no. 555-1234, Ref. No. 8",
     "Forward: so, telephone number five five five, one two three four, Reference number "
     "eight"),
    ("AA batteries, one AAA battery", "double ay batteries, one triple ay battery"),
    ("S-T-O-P, h-e-l-l-o, s-s-stop, a-a-a", "ess tee oh pee, aitch ee ell ell oh, s-s-stop, a-a-a"),
    ("Drs. Li and Wu, Rt. Hon. Lee, Mk II, Lv50",
     "Doctors Li and Wu, Right Honorable Lee, Mark two, Level fifty"),
    ("Reg. 12, cl. 4.2, UKSC", "Regulation twelve, clause four point two, you kay ess see"),
    ("▲ 1.2%, ↓3, 4.8★", "up one point two percent, down three, four point eight stars"),
    ("Arts. 2, ss. 3–5, ¶¶ 3-4, Long. 74",
     "Articles two, sections three to five, paragraphs three to four, Longitude seventy "
     "four"),
    ("vitamin A, from A to Z", "vitamin ay, from ay to zee"),
    ("you'll. 5 men, arr. by 5pm, in vs code", "you'll. five men, arr. by five pee em, in vs code"),
    ("Mr and Mrs Lee, the Mr and I", "Mister and Missus Lee, the Mr and I"),
    ("the temp. rose, 10 m a.s.l., std. dev. 2, Wt.: 5", "the temperature rose, ten meters above "
     "sea level, standard deviation two, Weight: five"),
    ("q.4h. now, in Rd. 3, Model No. XJ-9, long. -7.5", "every four hours now, in Round three, "
     "Model Number ex jay nine, longitude minus seven point five"),
    ("a) this b) that, see (part b)", "ay) this bee) that, see (part b)"),
    ("NYPD, JOHN, ARGHH", "en why pee dee, JOHN, ARGHH"),
    ("Roe, D-N.Y., said; pKa 4", "Roe, dee, New York, said; pee kay ay four"),
    ("ex-KGB, non-EU, anti-ISIS", "ex-kay jee bee, non-ee you, anti-ISIS"),
    ("s/p CABG, f/u now", "status post see ay bee jee, follow up now"),
    ("W-what? Y-yes. N-n-no, M-Mr. Lee. S-shaped, T-test",
     "W-what? Y-yes. N-n-no, M-Mister Lee. ess-shaped, tee-test"),
    ("UGH! SHHH! The WWW", "UGH! SHHH! The double-you double-you double-you"),
    ("You will DIE! EAT it. PAY now.", "You will DIE! EAT it. PAY now."),
    ("A-levels, an A-list star, LAX", "ay-levels, an ay-list star, ell ay ex"),
    ("He's 6 ft. It's the U.S. I'm in D.C. 'Tis far.",
     "He's six feet. It's the you ess. I'm in dee see. 'Tis far."),
    ("P.S. Burn this, Mr. K., in P.S. 118.",
     "pee ess. Burn this, Mister kay, in pee ess one hundred and eighteen."),
    ("Geo. Hill & Wm. Lee, pens, &c. He", "George Hill and William Lee, pens, et cetera. He"),
    ("of E. coli, H. sapiens", "of ee coli, aitch sapiens"),
    ("Prop. 13, 3rd fl., Sts. Peter & Paul",
     "Proposition thirteen, third floor, Saints Peter and Paul"),
    ("Lt.-Col. Lee, Lieut. Hill, Mme Roux", "Lieutenant-Colonel Lee, Lieutenant Hill, Madame Roux"),
    ("Austin | 5 Elm St", "Austin, five Elm Street"),
    ("Capt Hook, Lt Col Lee, Maj Gen Hill, Prof Plum, M/s. Rao",
     "Captain Hook, Lieutenant Colonel Lee, Major General Hill, Professor Plum, Messers Rao"),
    ("THE FBI AND THE US TOLD US ABOUT HIV TODAY",
     "THE eff bee eye AND THE you ess TOLD US ABOUT aitch eye vee TODAY"),
    ("BRING MR LEE AND SR MARY, TSK", "BRING MR LEE AND SR MARY, TSK"),
    ("IT IS 3 A.M. AND I AM UP", "IT IS three ay em AND I AM UP"),
    ("ATTN: HR DEPT. of LLAMA", "Attention: aitch ar DEPARTMENT of LLAMA"),
    ("pens, etc. Come, etc. come, d/b/a Joe",
     "pens, et cetera. Come, et cetera come, doing business as Joe"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_letters_are_named(written: str, said: str) -> None:
    assert normalize(written) == said
