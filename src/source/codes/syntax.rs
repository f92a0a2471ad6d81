//! MP01xx: text that is not a plan, from the splitter and the parser.

use super::codes;

codes! {}
