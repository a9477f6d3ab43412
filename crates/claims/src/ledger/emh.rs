//! Claims of the page on mail.

use crate::registry::Status::{Awaits, Live};
use crate::registry::{CheckId, Register, Room, registry};

registry! {
    Emh01 "EMH-01" S Programme Medium "This posture helps customers to meet their own obligations."
        enforced [] layers []
        maps [Iso27001 "A.5.36", Soc2 "CC2.3"]
        register None => Awaits(Room::Claims, "the export of mappings to outside frameworks does not exist yet");
    Emh02 "EMH-02" O Programme Medium "SOC 2 audits of both types have been passed, with scope and dates stated."
        enforced [] layers []
        maps [Iso27001 "A.5.35", Soc2 "CC4.1"]
        register Some(Register::Certifications) => Awaits(Room::Claims, "no such audit took place, and the register of certifications does not exist yet");
    Emh03 "EMH-03" S Programme Medium "A public trust centre shows the auditor's attestation."
        enforced [] layers []
        maps [Iso27001 "A.5.36", Soc2 "CC2.3"]
        register None => Awaits(Room::Claims, "there is no attestation to show, and documents behind an agreement do not exist yet");
    Emh04 "EMH-04" O Programme Low "A data protection officer is appointed outside the company, and audits are expected."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P8.1"]
        register Some(Register::Contacts) => Awaits(Room::Claims, "the register of contacts does not exist yet");
    Emh05 "EMH-05" O Programme Low "There is no HIPAA programme at present."
        enforced [] layers []
        maps [Iso27001 "A.5.31", Soc2 "CC2.3"]
        register Some(Register::Policies) => Awaits(Room::Claims, "nobody has stated it, with a date, in a register");
    Emh06 "EMH-06" S Programme Medium "Policies and controls are set, watched, and proven to auditors."
        enforced [] layers []
        maps [Iso27001 "A.5.36", Soc2 "CC4.1"]
        register None => Awaits(Room::Claims, "the auditor's own view of the evidence does not exist yet");
    Emh07 "EMH-07" S Access High "Access follows need, and everybody has as little as possible."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.3"]
        register None => Awaits(Room::Tenancy, "grants that nobody uses are not reported yet");
    Emh08 "EMH-08" S Defence High "Protections stand in depth: when one falls, another holds."
        enforced [] layers []
        maps [Iso27001 "A.8.27", Soc2 "CC6.6"]
        register None => Awaits(Room::Claims, "the live check that switches off one layer and attacks the next does not exist yet");
    Emh09 "EMH-09" S Engineering Medium "Controls apply in the same way everywhere."
        enforced [] layers []
        maps [Iso27001 "A.8.9", Soc2 "CC8.1"]
        register None => Awaits(Room::Countersign, "an installation runs as one node, and drift between nodes has no check yet");
    Emh10 "EMH-10" O Programme Low "Controls are improved step by step: stronger, easier to audit, less in the way."
        enforced [] layers []
        maps [Iso27001 "A.5.35", Soc2 "CC4.2"]
        register Some(Register::Assurance) => Awaits(Room::Claims, "the history of states is not shown yet");
    Emh11 "EMH-11" S Encryption Critical "Stored mail lies encrypted."
        enforced [] layers []
        maps [Asvs "1.3.1", Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Channels, "mail is not taken in yet");
    Emh12 "EMH-12" D Encryption High "The databases in production lie on encrypted storage."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Claims, "nobody can state yet how the volumes are encrypted; sealed columns do not depend on it");
    Emh13 "EMH-13" S Encryption Critical "Sensitive fields are encrypted once more, each by itself, before they are stored."
        enforced ["seal::Sealed", "seal::columns"] layers [Encryption, Types]
        maps [Asvs "8.2.3", Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Live(&[CheckId::SealedColumns]);
    Emh14 "EMH-14" SO Programme Medium "A record of processing activities is kept, as the GDPR asks in article 30."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P1.1"]
        register Some(Register::Processors) => Awaits(Room::Claims, "the register of processing does not exist yet");
    Emh15 "EMH-15" S DataUse High "Mail flagged for support stays in its region and is fetched only when needed."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "C1.1"]
        register None => Awaits(Room::Channels, "mail is not taken in yet");
    Emh16 "EMH-16" S Transport High "Transport ciphers meet at least the platform's guidelines."
        enforced ["countersign: TLS listener", "Cargo.toml: aws_lc_rs"] layers [Transport]
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::TlsSuites]);
    Emh17 "EMH-17" S Transport Critical "Every access over a public network uses TLS 1.2 or newer."
        enforced ["countersign: list of listeners", "countersign: plain HTTP on loopback only"] layers [Transport, Process]
        maps [Iso27001 "A.8.20", Soc2 "CC6.7"]
        register None => Live(&[CheckId::Listeners]);
    Emh18 "EMH-18" S Transport High "HSTS holds browsers to HTTPS for at least a year."
        enforced ["web: headers of every answer"] layers [Transport]
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register None => Live(&[CheckId::Hsts]);
    Emh19 "EMH-19" SD Transport High "TLS keys and certificates are managed and renewed in time."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.7"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Web, "the age of the certificate and the rights on its key have no check yet");
    Emh20 "EMH-20" S Transport High "Connections for mail, in and out, support TLS."
        enforced [] layers []
        maps [Asvs "1.3.11", Iso27001 "A.5.14", Soc2 "CC6.7"]
        register None => Awaits(Room::Channels, "mail is not taken in yet, and sending has no check yet");
    Emh21 "EMH-21" S Transport High "Chat and SMS services are reached over secure connections only."
        enforced [] layers []
        maps [Asvs "1.3.6", Iso27001 "A.8.21", Soc2 "CC6.7"]
        register None => Awaits(Room::Channels, "chat and SMS do not exist yet");
    Emh22 "EMH-22" SD DataUse Medium "Where data lives is stated."
        enforced [] layers []
        maps [Iso27001 "A.5.23", Soc2 "C1.1"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Custody, "stores carry no region yet, and nobody has stated one");
    Emh23 "EMH-23" S KeysAndBackups Critical "Keys are left to a key management service and change by themselves."
        enforced [] layers []
        maps [Iso27001 "A.8.24", Soc2 "CC6.1"]
        register None => Awaits(Room::Seal, "only the local key store exists, and rotation is not scheduled yet");
    Emh24 "EMH-24" SD Access High "Application servers give each role only what it needs."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.3"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "the rights of the process and of the database roles have no check of their own yet");
    Emh25 "EMH-25" O Programme Medium "A penetration test has not been done yet; it is planned."
        enforced [] layers []
        maps [Iso27001 "A.8.29", Soc2 "CC4.1"]
        register Some(Register::Assurance) => Awaits(Room::Claims, "the register of assurance does not exist yet");
    Emh26 "EMH-26" O Defence Low "A public bounty programme is open."
        enforced [] layers []
        maps [Iso27001 "A.6.8", Soc2 "CC2.3"]
        register Some(Register::Disclosures) => Awaits(Room::Claims, "there is no such programme, and the disclosure inbox does not exist yet");
    Emh27 "EMH-27" S Engineering Medium "Code is analysed each time it is built."
        enforced [] layers []
        maps [Iso27001 "A.8.28", Soc2 "CC8.1"]
        register None => Awaits(Room::Countersign, "the result is not yet carried inside the binary");
    Emh28 "EMH-28" S Engineering High "Dependencies are checked for known weaknesses each time the product is built."
        enforced [] layers []
        maps [Asvs "15.1.2", Asvs "15.2.1", Iso27001 "A.8.8", Soc2 "CC7.1"]
        register None => Awaits(Room::Countersign, "the list of parts and the result are not yet carried inside the binary");
    Emh29 "EMH-29" O Programme Medium "Company computers have encrypted disks, updates, locked screens and password managers."
        enforced [] layers []
        maps [Iso27001 "A.8.1", Soc2 "CC6.8"]
        register Some(Register::Staff) => Awaits(Room::Claims, "the register of devices does not exist yet");
    Emh30 "EMH-30" O Programme Low "USB storage is rarely used, and encrypted."
        enforced [] layers []
        maps [Iso27001 "A.7.10", Soc2 "CC6.7"]
        register Some(Register::Policies) => Awaits(Room::Claims, "the register of policies does not exist yet");
    Emh31 "EMH-31" S SignIn Critical "Every system of the company, and the tools that run the product, ask for a second factor."
        enforced [] layers []
        maps [Asvs "8.4.2", Iso27001 "A.8.5", Soc2 "CC6.1"]
        register None => Awaits(Room::Identity, "the second factor does not exist yet");
    Emh32 "EMH-32" SD Access High "Servers are reached through the provider's console with a second factor, and in no other way."
        enforced [] layers []
        maps [Iso27001 "A.8.2", Soc2 "CC6.6"]
        register Some(Register::DeploymentFacts) => Awaits(Room::Countersign, "how a machine is reached is a fact that nobody can state yet");
    Emh33 "EMH-33" O Programme Medium "All staff are trained in security when they start, and weaknesses are shared."
        enforced [] layers []
        maps [Iso27001 "A.6.3", Soc2 "CC1.4"]
        register Some(Register::Staff) => Awaits(Room::Claims, "the register of training does not exist yet");
    Emh34 "EMH-34" SO Access High "Access to infrastructure is limited by role and changes go through control."
        enforced [] layers []
        maps [Iso27001 "A.8.32", Soc2 "CC8.1"]
        register Some(Register::Changes) => Awaits(Room::Custody, "privileged changes do not yet need a second person");
    Emh35 "EMH-35" S Access Critical "When somebody leaves the company, a set procedure removes their access."
        enforced [] layers []
        maps [Iso27001 "A.6.5", Soc2 "CC6.2"]
        register None => Awaits(Room::Custody, "the register of staff does not exist yet");
    Emh36 "EMH-36" S DataUse High "The data is the customer's and serves nothing but the function of the product."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P4.1"]
        register None => Awaits(Room::Channels, "outbound connections are not yet held to a list");
    Emh37 "EMH-37" S DataUse Low "The privacy policy and the list of sub-processors are linked here."
        enforced [] layers []
        maps [Iso27001 "A.5.34", Soc2 "P1.1"]
        register None => Awaits(Room::Claims, "the register of sub-processors does not exist yet");
}
