//! Claims of the page on documents, search, assistant and widgets.

use crate::registry::Status::{Awaits, Live};
use crate::registry::{CheckId, Register, Room, registry};

registry! {
    Plx01 "PLX-01" S Programme Low "This page is a plain summary; the binding words stand in the contract and the terms, and the page says when it last changed."
        enforced [] layers []
        maps [Iso27001 "A.5.31", Soc2 "CC2.3"]
        register None => Awaits(Room::Claims, "texts are not versioned yet, and no contract is linked");
    Plx02 "PLX-02" D DataUse Medium "Application, database, files and indexes stay in the primary region unless agreed otherwise."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "stores carry no region yet, and nobody has stated one");
    Plx03 "PLX-03" S DataUse High "Data crosses a border only in the cases listed here."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "C1.1"]
        register None => Awaits(Room::Channels, "outbound connections are not yet held to a list with countries");
    Plx04 "PLX-04" SD DataUse Low "Other regions are available on request, by plan."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "choosing or changing a region does not exist yet");
    Plx05 "PLX-05" S Isolation Critical "Every row names its workspace through a foreign key."
        enforced ["migrations/0002_people.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FOREIGN KEY (workspace_id"] layers [Database]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::RowSecurity]);
    Plx06 "PLX-06" S Isolation Critical "The application filters every statement by workspace."
        enforced ["tenancy::Scope", "clippy.toml: tokio_postgres::Client"] layers [Types]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::ScopedStatements]);
    Plx07 "PLX-07" S Isolation Critical "Only explicit code for staff can step past the filter."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.3"]
        register None => Awaits(Room::Custody, "staff access does not exist yet, so there is no such code and nothing to count");
    Plx08 "PLX-08" S Isolation Critical "Row level security is forced on customer tables and keyed to a setting of the connection."
        enforced ["migrations/0002_people.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FORCE ROW LEVEL SECURITY", "migrations/0005_requests.sql: FOREIGN KEY (workspace_id", "migrations/0005_requests.sql: current_setting('app.workspace_id')"] layers [Database]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::RowSecurity, CheckId::UnsetSetting]);
    Plx09 "PLX-09" S Isolation Critical "A statement that forgets its filter still cannot read another tenant's rows."
        enforced ["migrations/0005_requests.sql: FORCE ROW LEVEL SECURITY", "tenancy::Scope"] layers [Database, Types]
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Live(&[CheckId::ForgottenFilter]);
    Plx10 "PLX-10" S Isolation High "Files lie under a path of their customer."
        enforced [] layers []
        maps [Asvs "5.3.2", Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Awaits(Room::Library, "files cannot be attached yet");
    Plx11 "PLX-11" S Access High "Files are reached through signed links that soon expire."
        enforced [] layers []
        maps [Asvs "3.2.1", Asvs "5.4.2", Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Awaits(Room::Library, "files cannot be attached yet");
    Plx12 "PLX-12" S Transport Critical "Browsers always use TLS 1.2 or newer, held to it by HSTS."
        enforced ["countersign: TLS listener", "web: redirects on the plain port", "web: headers of every answer"] layers [Transport]
        maps [Asvs "3.4.1", Asvs "14.3.2", Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsVersions, CheckId::Hsts]);
    Plx13 "PLX-13" S Transport High "Calls inside the system are encrypted as well."
        enforced [] layers []
        maps [Asvs "12.3.1", Asvs "12.3.2", Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Awaits(Room::Tenancy, "no check yet offers a bad certificate on the inner connections");
    Plx14 "PLX-14" D Encryption High "The volumes under the database are encrypted."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "nobody can state yet how the volumes are encrypted; sealed columns do not depend on it");
    Plx15 "PLX-15" D Encryption High "The provider encrypts the file store."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Library, "files cannot be attached yet");
    Plx16 "PLX-16" S KeysAndBackups Critical "Backups lie encrypted."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "CC6.1"]
        register None => Awaits(Room::Custody, "backups do not exist yet");
    Plx17 "PLX-17" SO Access High "Few members of staff can reach production."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.3"]
        register Some(Register::Staff) => Awaits(Room::Custody, "the register of staff and its reviews do not exist yet");
    Plx18 "PLX-18" S Access High "There are the roles Owner, Admin, Member and Viewer, and roles made by the customer."
        enforced [] layers []
        maps [Iso27001 "A.5.15", Soc2 "CC6.3"]
        register None => Awaits(Room::Tenancy, "the four built-in roles exist; roles made by the customer do not yet");
    Plx19 "PLX-19" S Access Critical "Each document, link and source has its own list of who may reach it."
        enforced [] layers []
        maps [Asvs "8.2.2", Iso27001 "A.8.3", Soc2 "CC6.3"]
        register None => Awaits(Room::Library, "documents do not exist yet");
    Plx20 "PLX-20" S SignIn High "Sign-in is by e-mail and password, with a second factor if wanted."
        enforced [] layers []
        maps [Asvs "6.3.3", Asvs "6.3.8", Asvs "6.5.1", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "the second factor does not exist yet");
    Plx21 "PLX-21" S SignIn High "Sign-in with Google or Microsoft is possible."
        enforced [] layers []
        maps [Asvs "9.1.2", Asvs "10.5.1", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "federation with outside identity providers does not exist yet");
    Plx22 "PLX-22" S SignIn Critical "Passwords are stored only as hashes that are slow to guess."
        enforced ["identity: Argon2id and the list of common passwords"] layers [Identity]
        maps [Asvs "6.2.1", Asvs "6.2.4", Asvs "6.2.12", Asvs "11.4.2", Iso27001 "A.5.17", Soc2 "CC6.1"]
        register None => Live(&[CheckId::PasswordStorage]);
    Plx23 "PLX-23" S SignIn High "Session cookies are HttpOnly, Secure and SameSite=Strict, and a forged one is worthless."
        enforced ["web: session cookie", "identity: opaque sessions"] layers [Identity, Transport]
        maps [Asvs "3.3.1", Asvs "3.3.4", Asvs "3.5.1", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Live(&[CheckId::Cookies]);
    Plx24 "PLX-24" S Access High "A widget answers only to the origins that its customer lists."
        enforced [] layers []
        maps [Asvs "3.4.2", Asvs "3.4.6", Asvs "3.5.5", Iso27001 "A.8.26", Soc2 "CC6.6"]
        register None => Awaits(Room::Library, "widgets do not exist yet");
    Plx25 "PLX-25" S Access Medium "Each widget has a public key of its own that the customer controls."
        enforced [] layers []
        maps [Iso27001 "A.8.3", Soc2 "CC6.1"]
        register None => Awaits(Room::Library, "widgets do not exist yet");
    Plx26 "PLX-26" S Access High "Revoking the key ends the assistant everywhere at once."
        enforced [] layers []
        maps [Iso27001 "A.5.18", Soc2 "CC6.2"]
        register None => Awaits(Room::Library, "widgets and the assistant do not exist yet");
    Plx27 "PLX-27" S DataUse Critical "No model is trained on customer content: not ours, not a supplier's, nobody's."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Library, "no model is connected yet, so there is nothing to attack");
    Plx28 "PLX-28" S DataUse High "A model gets content for the one question alone, over an interface that forbids training on it."
        enforced [] layers []
        maps [Iso27001 "A.5.14", Soc2 "P4.1"]
        register None => Awaits(Room::Library, "no model is connected yet");
    Plx29 "PLX-29" S DataUse Medium "The list of model providers is public and current."
        enforced [] layers []
        maps [Iso27001 "A.5.19", Soc2 "P6.1"]
        register None => Awaits(Room::Library, "no model is connected yet");
    Plx30 "PLX-30" SO DataUse Medium "The list of sub-processors is public and agrees with the contract."
        enforced [] layers []
        maps [Iso27001 "A.5.19", Soc2 "P6.1"]
        register Some(Register::Processors) => Awaits(Room::Claims, "the register of sub-processors does not exist yet");
    Plx31 "PLX-31" S DataUse Medium "Customers are told in writing before a new sub-processor sees content."
        enforced [] layers []
        maps [Iso27001 "A.5.22", Soc2 "P6.1"]
        register None => Awaits(Room::Claims, "the register of sub-processors does not exist yet");
    Plx32 "PLX-32" S KeysAndBackups High "Backup is continuous, and any moment of the last seven days can be restored."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register None => Awaits(Room::Custody, "continuous backup does not exist yet");
    Plx33 "PLX-33" S KeysAndBackups High "A snapshot is taken every day and kept for 30 days."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "A1.2"]
        register None => Awaits(Room::Custody, "backups do not exist yet");
    Plx34 "PLX-34" D KeysAndBackups Medium "Backups stay in the region of the data."
        enforced [] layers []
        maps [Iso27001 "A.8.13", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "backups do not exist yet");
    Plx35 "PLX-35" S Retention High "A deleted item leaves the live index at once."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Library, "search does not exist yet");
    Plx36 "PLX-36" S Retention High "A daily sweep removes deleted data for good, or sooner when asked."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "the sweep does not exist yet");
    Plx37 "PLX-37" S Retention High "Deleted data is gone from the backups after 30 days."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "backups do not exist yet");
    Plx38 "PLX-38" S Retention High "A cancelled account is kept for 30 days, then deleted from primary, replica and backup."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "the clock of an ended workspace does not exist yet");
    Plx39 "PLX-39" S Retention High "On written request data is purged at once, within 30 days, and the purge is confirmed in writing."
        enforced [] layers []
        maps [Iso27001 "A.8.10", Soc2 "C1.2"]
        register None => Awaits(Room::Custody, "the purge on request does not exist yet");
    Plx40 "PLX-40" SO Defence Medium "Weaknesses are reported by mail, without noisy scanning."
        enforced [] layers []
        maps [Iso27001 "A.6.8", Soc2 "CC2.3"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "the disclosure inbox does not exist yet");
    Plx41 "PLX-41" O Defence Medium "Whoever reports a weakness is promised an answer, an assessment, a repair and credit, each by a date."
        enforced [] layers []
        maps [Iso27001 "A.5.26", Soc2 "CC7.4"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "the disclosure inbox and its clocks do not exist yet");
    Plx42 "PLX-42" O Defence Low "No bounty is paid for reports at present."
        enforced [] layers []
        maps [Iso27001 "A.6.8", Soc2 "CC2.3"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "nobody has stated it, with a date, in a register");
    Plx43 "PLX-43" O Programme Medium "There is no SOC 2 report yet; one is being worked for and will be published."
        enforced [] layers []
        maps [Iso27001 "A.5.35", Soc2 "CC4.1"]
        register Some(Register::Certifications) => Awaits(Room::Claims, "the register of certifications does not exist yet");
    Plx44 "PLX-44" O Programme Low "ISO 27001 is on the road map."
        enforced [] layers []
        maps [Iso27001 "A.5.35", Soc2 "CC4.1"]
        register Some(Register::Certifications) => Awaits(Room::Claims, "the register of certifications does not exist yet");
    Plx45 "PLX-45" S Programme Medium "What stands today is listed here, and the list holds nothing unproven."
        enforced [] layers []
        maps [Iso27001 "A.5.36", Soc2 "CC2.3"]
        register None => Awaits(Room::Claims, "the list is not yet checked against the states by a check of its own");
    Plx46 "PLX-46" O Programme Low "There is an address for questions on security."
        enforced [] layers []
        maps [Iso27001 "A.5.5", Soc2 "CC2.3"]
        register Some(Register::Contacts) => Awaits(Room::Claims, "the register of contacts does not exist yet");
}
