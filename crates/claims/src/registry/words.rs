//! The closed word lists of the registry: kinds, layers, groups, rooms, frameworks.

/// Writes an enum without fields whose every variant has one fixed text, so that no list and no text can drift.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $text:ident ($(#[$tmeta:meta])*) { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in the order in which pages show them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            $(#[$tmeta])*
            #[must_use]
            pub const fn $text(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Who can make a sentence true.
    Kind, word (/** The letters of the ledger. */) {
        /// Code alone makes it true.
        S = "S",
        /// True of one installation only: an operator states the fact, with a date.
        D = "D",
        /// True of an organisation only: a dated register holds it.
        O = "O",
        /// Code and an installation: both halves must hold.
        SD = "S+D",
        /// Code and an organisation: both halves must hold.
        SO = "S+O",
    }
}

impl Kind {
    /// Whether people must state a part of the claim.
    #[must_use]
    pub const fn needs_statement(self) -> bool {
        !matches!(self, Self::S)
    }

    /// Whether code must hold a part of the claim.
    #[must_use]
    pub const fn needs_software(self) -> bool {
        matches!(self, Self::S | Self::SD | Self::SO)
    }
}

words! {
    /// How much harm a false sentence would do.
    Severity, word (/** The word shown. */) {
        /// Customer data would be exposed, lost or falsified.
        Critical = "critical",
        /// One protection of several would be missing.
        High = "high",
        /// A promise about work, time or information would be broken.
        Medium = "medium",
        /// A text would be wrong.
        Low = "low",
    }
}

words! {
    /// The independent places where a protection acts. Data is protected by at least two (EMH-08).
    Layer, word (/** The word shown. */) {
        /// Listener, TLS, headers, request limits.
        Transport = "transport",
        /// Sign-in, sessions, tokens.
        Identity = "identity",
        /// Permits and the policy.
        Policy = "policy",
        /// The types that make a statement without a workspace impossible.
        Types = "types",
        /// Row level security, grants, triggers, constraints.
        Database = "database",
        /// Envelopes and keys.
        Encryption = "encryption",
        /// Append-only records.
        Records = "records",
        /// What the process writes, sends and listens to.
        Process = "process",
        /// What people do and write down.
        Organisation = "organisation",
    }
}

words! {
    /// The chapters of the page *this installation*.
    Group, word (/** The heading. */) {
        /// One customer cannot reach another's data.
        Isolation = "Isolation",
        /// Data is sealed where it lies.
        Encryption = "Encryption",
        /// Who may do what.
        Access = "Access",
        /// How people and programs prove who they are.
        SignIn = "Sign-in and sessions",
        /// What is recorded and how records are protected.
        Records = "Records",
        /// Data on its way.
        Transport = "Transport",
        /// Where keys live, and copies of the data.
        KeysAndBackups = "Keys and backups",
        /// How long data stays and how it goes.
        Retention = "Retention and deletion",
        /// Staying up, and losing nothing.
        Availability = "Availability",
        /// What data is used for, by whom, and where.
        DataUse = "Data use and location",
        /// Attacks: withstanding, seeing and reporting them.
        Defence = "Defence and detection",
        /// How the product is built and released.
        Engineering = "Engineering",
        /// People, contracts, audits and programmes.
        Programme = "People and programme",
    }
}

impl Group {
    /// The question that the chapter answers; its short answer is the state of its claims.
    #[must_use]
    pub const fn question(self) -> &'static str {
        match self {
            Self::Isolation => "Can one customer reach another customer's data?",
            Self::Encryption => "Is stored data encrypted?",
            Self::Access => "Who can do what?",
            Self::SignIn => "How do people and programs prove who they are?",
            Self::Records => "Is everything recorded, and can a record be changed?",
            Self::Transport => "Is data protected on its way?",
            Self::KeysAndBackups => "Where are the keys and the backups?",
            Self::Retention => "How long is data kept, and does it really go?",
            Self::Availability => "Does it stay up, and does it lose anything?",
            Self::DataUse => "What is the data used for, by whom, and where?",
            Self::Defence => "What happens when somebody attacks?",
            Self::Engineering => "How is the product built, tested and connected?",
            Self::Programme => "Which people, audits and contracts stand behind it?",
        }
    }
}

words! {
    /// The part of the product that makes, or will make, a sentence true.
    Room, word (/** The crate's name. */) {
        /// Keys and envelopes.
        Seal = "seal",
        /// Workspaces, policy, records, the database.
        Tenancy = "tenancy",
        /// The verifiable log of records.
        Ledger = "ledger",
        /// People, sign-in, sessions, federation.
        Identity = "identity",
        /// Processes, requests, tasks, decisions.
        Requests = "requests",
        /// Mail, webhooks, file transfer, connectors.
        Channels = "channels",
        /// Documents, search, assistant, widgets.
        Library = "library",
        /// Retention, erasure, export, backup, residency.
        Custody = "custody",
        /// Registry, checks, registers, the security page.
        Claims = "claims",
        /// HTTP, pages, the API.
        Web = "web",
        /// The binary, its nodes and its release.
        Countersign = "countersign",
    }
}

words! {
    /// The register that holds what only people can state.
    Register, word (/** The register's name as shown. */) {
        /// Provider, region, volume encryption, zones, replicas.
        DeploymentFacts = "deployment facts",
        /// SOC 2, ISO 27001, a provider's certificates.
        Certifications = "certifications",
        /// Penetration tests, code reviews, scans.
        Assurance = "assurance",
        /// Policy texts and their versions.
        Policies = "policies",
        /// Reports of weaknesses, with their clocks.
        Disclosures = "disclosure inbox",
        /// Staff, their training, devices and access reviews.
        Staff = "staff",
        /// Sub-processors and records of processing.
        Processors = "sub-processors and processing",
        /// Contacts and responsible persons.
        Contacts = "contacts",
        /// Service levels sold to customers.
        ServiceLevels = "service levels",
        /// Approved changes.
        Changes = "change approvals",
    }
}

words! {
    /// The outside frameworks to which claims are mapped.
    Framework, word (/** The short name used in exports. */) {
        /// OWASP Application Security Verification Standard 5.0.0 (ids only).
        Asvs = "asvs",
        /// Minimum Viable Secure Product.
        Mvsp = "mvsp",
        /// AICPA Trust Services Criteria (2017, points of focus 2022).
        Soc2 = "soc2",
        /// ISO/IEC 27001:2022, Annex A.
        Iso27001 = "iso27001",
        /// Cloud Security Alliance CAIQ v4.
        Caiq = "caiq",
    }
}
