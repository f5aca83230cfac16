"""The colours a district may choose for its site: each replaces the brand's and the masthead's tokens.

The values stand in `static/css/tokens.css` (blue) and `static/css/colours.css`; a test computes that every choice
keeps a contrast of 4.5:1 by day and by night. Red and green are no choice: they mean alarm and good.
"""

BLUE = "blue"
# Value of `data-colour` on the page -> its name.
COLOURS = {BLUE: "蓝", "teal": "青", "violet": "紫", "slate": "灰蓝", "umber": "赭"}
