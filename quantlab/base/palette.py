"""The colours of every picture: Okabe and Ito's palette, with greys to go with it.

Readers with any common colour vision tell them apart (Color Universal Design, 2008). Shapes or
dashes differ as well: colour never speaks alone.
"""

BLUE = "#0072B2"
ORANGE = "#D55E00"
RUST = "#B04A00"  # orange for letters: 5.5:1 on paper, where ORANGE is 3.9:1
AMBER = "#E69F00"
GREEN = "#009E73"
SKY = "#56B4E9"
GREY = "#5F6670"
PALE = "#E3E7EB"
PALE_BLUE = "#E8F2F9"
PALE_SKY = "#ABDAF4"
INK = "#1B1F24"
PAPER = "#FFFFFF"
