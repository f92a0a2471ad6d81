//! MP13xx: Azure Site Recovery, as a plan names its vault.

use super::codes;

codes! {
    SETTINGS = "MP1301", "the provider `azure` cannot be used as the plan has it", "\
Subscription, resource group and vault are names, each one segment of an address. The service and the places \
where one signs in are addresses, encrypted unless they are on this host, for a token goes there. Each way of \
signing in needs keys of its own; secrets are said by reference.

Wrong:

```muster
estate contoso {
  sites    = [avs, azure]
  provider = azure {
    subscription = \"s\", resource_group = \"rg\", vault = \"v\"
    sign_in = client_secret
  }
}
```

Right:

```muster
estate contoso {
  sites    = [avs, azure]
  provider = azure {
    subscription = \"00000000-0000-0000-0000-000000000001\"
    resource_group = \"rg-dr\", vault = \"vault-dr\"
    sign_in = client_secret, tenant = \"contoso.example\"
    client_id = \"11111111-1111-1111-1111-111111111111\"
    client_secret = env(\"ASR_SECRET\")
  }
}
```";
    NOT_DRIVEN = "MP1302", "a machine of the vault is replicated in a way that is not driven", "\
The provider drives machines between VMware and Azure: `InMageRcm` and `InMageRcmFailback` of the replication \
appliance, `InMageAzureV2` and `InMage` of the configuration server. A vault may hold others, of Hyper-V or \
between regions of Azure. They are listed as unprotected, for nothing here protects them, and every act on \
them is refused.

Wrong: a plan whose machine `hv01` is replicated by `HyperVReplicaAzure`.

Right: leave it out of the plan, and recover it with the vault's own recovery plan.";
}
