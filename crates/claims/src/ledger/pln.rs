//! Claims of the page on forms, exports and file transfer.

use crate::registry::Status::{Awaits, Live};
use crate::registry::{CheckId, Register, Room, registry};

registry! {
    Pln01 "PLN-01" S KeysAndBackups High "Backup and protection of data follow robust procedures."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register None => Awaits(Room::Custody, "backups and their drills do not exist yet");
    Pln02 "PLN-02" S DataUse High "Customers can take a complete copy of their data."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P5.1"]
        register None => Awaits(Room::Custody, "the export of a workspace does not exist yet");
    Pln03 "PLN-03" S Transport High "Files are transferred by SFTP, never by FTP."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "CC6.7"]
        register None => Awaits(Room::Channels, "file transfer does not exist yet");
    Pln04 "PLN-04" S Transport High "File transfer by SFTP is secured."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "CC6.7"]
        register None => Awaits(Room::Channels, "file transfer does not exist yet");
    Pln05 "PLN-05" S Transport High "What programs exchange with the service is encrypted with AES-256 from one end to the other."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Awaits(Room::Web, "no check yet tells whether AES-256 suites are offered first, and TLS ends at Countersign");
    Pln06 "PLN-06" SD KeysAndBackups Critical "Keys are kept in a cloud provider's key management service."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Seal, "only the local key store exists, and its root key lies beside the data");
    Pln07 "PLN-07" S DataUse High "Data is never handed to third parties of our own accord."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "P6.1"]
        register None => Awaits(Room::Channels, "outbound connections are not yet held to a list");
    Pln08 "PLN-08" SO Access High "Technicians of other companies get limited access only, for maintenance."
        enforced [] layers []
        maps [Iso27001 "A.5.19", Soc2 "CC6.3"]
        register Some(Register::Staff) => Awaits(Room::Custody, "grants for staff and technicians do not exist yet");
    Pln09 "PLN-09" S Access High "Such access is closely controlled and serves that purpose alone."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.3"]
        register None => Awaits(Room::Custody, "grants for staff and technicians do not exist yet");
    Pln10 "PLN-10" D DataUse Medium "Data is stored in the country that the operator states."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "stores carry no region yet, and nobody has stated one");
    Pln11 "PLN-11" D Availability Medium "Data is duplicated all the time, and either copy can take over."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "no replica exists yet");
    Pln12 "PLN-12" D Availability Medium "Servers are duplicated across data centres at all times."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "no register of nodes and zones exists yet");
    Pln13 "PLN-13" S KeysAndBackups High "Data can be taken back to any point of the last 30 days."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register None => Awaits(Room::Custody, "restoring to a moment does not exist yet");
    Pln14 "PLN-14" SO KeysAndBackups Medium "Single items can be recovered, as a paid service."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.3"]
        register Some(Register::Assurance) => Awaits(Room::Custody, "restoring single items does not exist yet");
    Pln15 "PLN-15" S DataUse Medium "Before a contract ends, one click exports everything."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P5.1"]
        register None => Awaits(Room::Custody, "the export of a workspace does not exist yet");
    Pln16 "PLN-16" S DataUse Medium "Each form can be exported as a ZIP file."
        enforced [] layers []
        maps [Asvs "1.2.10", Iso27001 "A.5.14", Soc2 "P5.1"]
        register None => Awaits(Room::Custody, "exports as files do not exist yet");
    Pln17 "PLN-17" S SignIn High "Accounts are protected by a password."
        enforced [] layers []
        maps [Iso27001 "A.5.17", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "the whole path of sign-in, reset included, has no check of its own yet");
    Pln18 "PLN-18" S SignIn High "A second factor can be required through single sign-on."
        enforced [] layers []
        maps [Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "single sign-on does not exist yet");
    Pln19 "PLN-19" S Access Critical "Who leaves the organisation loses access."
        enforced [] layers []
        maps [Iso27001 "A.6.5", Soc2 "CC6.2"]
        register None => Awaits(Room::Identity, "provisioning from outside does not exist yet");
    Pln20 "PLN-20" S Encryption Critical "Files lie encrypted with AES-256."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Library, "files cannot be attached yet");
    Pln21 "PLN-21" D Availability Medium "Data is replicated over at least three zones."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "no register of nodes and zones exists yet");
    Pln22 "PLN-22" SD Availability Medium "The infrastructure is built for stability, speed and security."
        enforced [] layers []
        maps [Iso27001 "A.8.6", Soc2 "A1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "response times and error rates are not yet kept for 28 days");
    Pln23 "PLN-23" S Engineering Low "The pages adapt to the screen and work in every modern browser."
        enforced [] layers []
        maps [Asvs "3.4.3", Asvs "3.4.4", Iso27001 "A.8.26", Soc2 "CC2.3"]
        register None => Awaits(Room::Web, "the browser test runs when the product is built, not yet as a live check");
    Pln24 "PLN-24" D Availability Medium "Three data centres back each other up."
        enforced [] layers []
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "no register of nodes and zones exists yet");
    Pln25 "PLN-25" S Engineering Low "Apps for phones exist for iOS and Android."
        enforced [] layers []
        maps [Iso27001 "A.8.1", Soc2 "CC2.3"]
        register None => Awaits(Room::Web, "the installable app does not exist yet");
    Pln26 "PLN-26" S Availability Critical "A relational database keeps transactions reliably and fast."
        enforced ["crates/countersign/src/postgres/cluster.rs: synchronous_commit = on"] layers [Database]
        maps [Iso27001 "A.8.14", Soc2 "A1.2"]
        register None => Live(&[CheckId::Durability]);
    Pln27 "PLN-27" S Transport Critical "Servers and clients talk to each other over HTTPS alone."
        enforced ["countersign: TLS listener", "web: redirects on the plain port", "countersign: list of listeners", "countersign: plain HTTP on loopback only"] layers [Transport, Process]
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsVersions, CheckId::Listeners]);
    Pln28 "PLN-28" S Engineering Medium "A REST interface with JSON exchanges data with business systems in real time."
        enforced [] layers []
        maps [Asvs "4.1.1", Iso27001 "A.8.26", Soc2 "CC2.3"]
        register None => Awaits(Room::Web, "webhooks do not exist yet, and no live check compares the routes with the published document");
    Pln29 "PLN-29" S Transport High "Connections use standard, secure protocols."
        enforced [] layers []
        maps [Iso27001 "A.8.21", Soc2 "CC6.7"]
        register None => Awaits(Room::Channels, "SAML and file transfer do not exist yet");
    Pln30 "PLN-30" O Programme Low "Customers have a person to turn to."
        enforced [] layers []
        maps [Iso27001 "A.5.2", Soc2 "CC2.3"]
        register Some(Register::Contacts) => Awaits(Room::Claims, "the register of contacts does not exist yet");
}
