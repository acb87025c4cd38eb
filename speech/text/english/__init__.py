"""English text written out: figures, money, dates, abbreviations and addresses in words."""
