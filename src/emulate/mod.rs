//! Servers that stand in for a service of somebody else, over the simulated estate: what a client of that
//! service can be tried against. A stand-in shares nothing with the provider that talks to the service.

pub mod azure;
