//! MP02xx: names, keys and types, from the resolver and the schema.

use super::codes;

codes! {}
