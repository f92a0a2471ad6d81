//! MP10xx: servers that stand in for a service.

use super::codes;

codes! {
    STAND_IN_LISTEN = "MP1001", "a stand-in cannot listen there", "\
A server that stands in for a service answers whoever reaches it, so it listens on this host only, unless a token \
is demanded of everybody. A port that another program holds, or a record that cannot be written, stops it as well.

    muster emulate azure --estate contoso.json --listen 0.0.0.0:8443                          wrong
    muster emulate azure --estate contoso.json --listen 127.0.0.1:8443
    muster emulate azure --estate contoso.json --listen 0.0.0.0:8443 --token-from TOKEN

With port 0 it takes a port that is free, and says which.
";
    STAND_IN_FAULT = "MP1002", "a fault of a stand-in cannot be used", "\
The message names the words that cannot be read, or the machine that the estate does not have.

    --fault 'throttle'                            wrong: every how many requests?
    --fault 'throttle 10'
    --fault 'fail reProtect sql01'

All of them stand in `docs/azure-stand-in.md`.
";
    STAND_IN_STATE = "MP1003", "what a stand-in kept cannot be read", "\
With `--state` a stand-in keeps its estate and its jobs in a folder, and goes on from there. The message says what \
is wrong with the file of its jobs. Nothing real is in it: delete the folder, or name another one.

    muster emulate azure --estate contoso.json --listen 127.0.0.1:0 --state old      wrong: damaged
    muster emulate azure --estate contoso.json --listen 127.0.0.1:0 --state new
";
}
