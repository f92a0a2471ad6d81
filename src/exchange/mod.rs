//! Plans of other products: read into plans of ours, and written from them. Pure: text in, text out, with
//! what has no equal on the other side named. Knows no estate and no run.

pub mod azure;
