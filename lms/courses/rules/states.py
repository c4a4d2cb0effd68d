"""States and territories of the United States, as the directory names them."""

from collections.abc import Mapping
from typing import Final

_STATES: Final = (
    "AK:Alaska AL:Alabama AR:Arkansas AZ:Arizona CA:California CO:Colorado CT:Connecticut "
    "DC:District_of_Columbia DE:Delaware FL:Florida GA:Georgia GU:Guam HI:Hawaii IA:Iowa "
    "ID:Idaho IL:Illinois IN:Indiana KS:Kansas KY:Kentucky LA:Louisiana MA:Massachusetts "
    "MD:Maryland ME:Maine MI:Michigan MN:Minnesota MO:Missouri MS:Mississippi MT:Montana "
    "NC:North_Carolina ND:North_Dakota NE:Nebraska NH:New_Hampshire NJ:New_Jersey "
    "NM:New_Mexico NV:Nevada NY:New_York OH:Ohio OK:Oklahoma OR:Oregon PA:Pennsylvania "
    "PR:Puerto_Rico RI:Rhode_Island SC:South_Carolina SD:South_Dakota TN:Tennessee TX:Texas "
    "UT:Utah VA:Virginia VI:Virgin_Islands VT:Vermont WA:Washington WI:Wisconsin "
    "WV:West_Virginia WY:Wyoming"
)
NO_COUNTIES: Final = frozenset({"AK", "DC", "GU", "LA", "PR", "VI"})
"""Where what is below the state is no county."""
STATES: Final[Mapping[str, str]] = dict(
    one.replace("_", "\N{NO-BREAK SPACE}").split(":") for one in _STATES.split()
)
