//! Claims of the page on automation.

use crate::registry::Status::{Awaits, Live};
use crate::registry::{CheckId, Register, Room, registry};

registry! {
    Psa01 "PSA-01" D DataUse Low "A cloud provider hosts the service and maintains the infrastructure."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "CC9.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "the register of deployment facts does not exist yet");
    Psa02 "PSA-02" S Engineering Medium "From design to deployment the work follows high standards."
        enforced [] layers []
        maps [Iso27001 "A.8.25", Soc2 "CC8.1"]
        register None => Awaits(Room::Countersign, "releases are not signed yet");
    Psa03 "PSA-03" SO Engineering Medium "The source is scanned regularly."
        enforced [] layers []
        maps [Iso27001 "A.8.28", Soc2 "CC7.1"]
        register Some(Register::Assurance) => Awaits(Room::Countersign, "results of scans are not yet kept with the release");
    Psa04 "PSA-04" D Defence High "A firewall protects the network."
        enforced [] layers []
        maps [Iso27001 "A.8.20", Soc2 "CC6.6"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "the network around an installation is a fact that nobody can state yet");
    Psa05 "PSA-05" O Engineering Medium "Code is reviewed and tested for weaknesses."
        enforced [] layers []
        maps [Iso27001 "A.8.29", Soc2 "CC8.1"]
        register Some(Register::Assurance) => Awaits(Room::Claims, "the register of releases does not exist yet");
    Psa06 "PSA-06" S Engineering Medium "Tests run in an environment of their own."
        enforced [] layers []
        maps [Iso27001 "A.8.31", Soc2 "CC8.1"]
        register None => Awaits(Room::Tenancy, "databases do not carry the name of their environment yet");
    Psa07 "PSA-07" S Engineering High "Customer data is not used in tests."
        enforced [] layers []
        maps [Iso27001 "A.8.33", Soc2 "C1.1"]
        register None => Awaits(Room::Custody, "masked copies do not exist yet");
    Psa08 "PSA-08" S Defence High "Intrusion detection watches for attacks."
        enforced [] layers []
        maps [Iso27001 "A.8.16", Soc2 "CC7.2"]
        register None => Awaits(Room::Web, "detection rules do not exist yet");
    Psa09 "PSA-09" S Defence High "Breaches of policy are watched for as well."
        enforced [] layers []
        maps [Iso27001 "A.8.16", Soc2 "CC7.2"]
        register None => Awaits(Room::Web, "detection rules do not exist yet");
    Psa10 "PSA-10" S DataUse Medium "Little is collected: an e-mail address, for the licence."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P3.1"]
        register None => Awaits(Room::Custody, "licences do not exist yet");
    Psa11 "PSA-11" S DataUse High "Beyond that there are application logs only, free of content and secrets."
        enforced ["countersign: log with known fields"] layers [Process]
        maps [Asvs "16.2.5", Iso27001 "A.8.15", Soc2 "P3.1"]
        register None => Live(&[CheckId::LogContent]);
    Psa12 "PSA-12" S Transport Critical "All traffic between customers and the service goes over HTTPS."
        enforced ["countersign: TLS listener", "web: redirects on the plain port", "countersign: list of listeners", "countersign: plain HTTP on loopback only"] layers [Transport, Process]
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsVersions, CheckId::Listeners]);
    Psa13 "PSA-13" S Encryption Critical "Stored data is encrypted with AES-256 under managed keys."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Seal, "no outside service manages the keys yet: the root key lies beside the data");
    Psa14 "PSA-14" S Transport Critical "Data on its way is protected by TLS."
        enforced ["countersign: TLS listener", "web: redirects on the plain port", "countersign: list of listeners", "countersign: plain HTTP on loopback only"] layers [Transport, Process]
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsVersions, CheckId::Listeners]);
    Psa15 "PSA-15" S Isolation Critical "The service has many tenants, and each has an id that no other tenant has or had."
        enforced ["tenancy::WorkspaceId", "migrations/0001_workspaces.sql: workspace_pk"] layers [Types, Database]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::WorkspaceIds]);
    Psa16 "PSA-16" S SignIn Critical "Only people who signed in and are verified get access."
        enforced [] layers []
        maps [Iso27001 "A.5.16", Soc2 "CC6.2"]
        register None => Awaits(Room::Identity, "addresses are not verified by mail yet");
    Psa17 "PSA-17" S Access High "Rights govern access, at levels that the customer sets."
        enforced [] layers []
        maps [Iso27001 "A.5.18", Soc2 "CC6.3"]
        register None => Awaits(Room::Tenancy, "only the four built-in roles exist");
    Psa18 "PSA-18" D DataUse Low "Data is stored at the stated cloud provider."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "the register of deployment facts does not exist yet");
    Psa19 "PSA-19" S KeysAndBackups High "A backup is made every day."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register None => Awaits(Room::Custody, "backups do not exist yet");
    Psa20 "PSA-20" S Retention Medium "Application logs are kept for one week."
        enforced [] layers []
        maps [Iso27001 "A.8.15", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "the life of logs is not kept by the product yet");
    Psa21 "PSA-21" S DataUse High "Billing data is protected."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "C1.1"]
        register None => Awaits(Room::Custody, "billing does not exist yet, and no check looks for card numbers");
    Psa22 "PSA-22" O DataUse Medium "Payments run over a network certified for PCI DSS."
        enforced [] layers []
        maps [Iso27001 "A.5.19", Soc2 "CC9.2"]
        register Some(Register::Processors) => Awaits(Room::Claims, "the register of sub-processors does not exist yet");
    Psa23 "PSA-23" O Programme Medium "Data centres are examined for security, availability and continuity."
        enforced [] layers []
        maps [Iso27001 "A.5.22", Soc2 "CC9.2"]
        register Some(Register::Certifications) => Awaits(Room::Claims, "the register of certifications does not exist yet");
    Psa24 "PSA-24" SD KeysAndBackups High "There is a programme for recovery from disasters."
        enforced [] layers []
        maps [Iso27001 "A.5.30", Soc2 "A1.3"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "restore drills do not exist yet");
    Psa25 "PSA-25" O Programme Medium "The provider, not we, is certified: ISO 27001, SOC 1, 2 and 3, HIPAA, FedRAMP."
        enforced [] layers []
        maps [Iso27001 "A.5.22", Soc2 "CC9.2"]
        register Some(Register::Certifications) => Awaits(Room::Claims, "the register of certifications does not exist yet");
    Psa26 "PSA-26" O Programme Low "Questions on security reach a person."
        enforced [] layers []
        maps [Iso27001 "A.5.5", Soc2 "CC2.3"]
        register Some(Register::Contacts) => Awaits(Room::Claims, "the register of contacts does not exist yet");
}
