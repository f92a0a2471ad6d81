//! MP03xx: what the rules prove over model and graph.

use super::codes;

codes! {}
