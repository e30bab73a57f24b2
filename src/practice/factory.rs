//! What the platform knows about modules, applications, tenants and people: the rows of
//! OSSYS_ESPACE, OSSYS_APPLICATION, OSSYS_USER and their like.

use super::MARKER;
use super::company::{Company, Group, Role, SERVICE_CENTER, USER_PROVIDER, wrong};
use super::environment::Environment;
use super::key::{self, Dice};
use super::records::{Records, flag, number, text};
use crate::database::{Result, Value, date_time_from_text};
use crate::outsystems::Side;

/// The catalog that is the platform's own database.
const MAIN_CATALOG: i64 = 1;

/// Ids of the factory's rows on one side.
pub(super) struct Factory<'a> {
    environment: &'a Environment<'a>,
    company: &'a Company,
}

/// A moment, for rows whose time does not matter.
pub(super) fn moment(when: &str) -> Value {
    date_time_from_text(when).map_or(Value::Null, Value::DateTime)
}

impl<'a> Factory<'a> {
    /// The factory of one side.
    pub(super) fn new(environment: &'a Environment<'a>) -> Self {
        Self { environment, company: environment.company }
    }

    /// The id of a module.
    pub(super) fn espace(&self, name: &str) -> i64 {
        let espaces = &self.company.factory.espaces;
        let place = espaces.iter().position(|espace| espace.name == name).unwrap_or(0);
        self.environment.id(11, place, espaces.len())
    }

    fn espace_version(&self, name: &str) -> i64 {
        self.espace(name) * 3 + 500
    }

    /// The id of an extension.
    pub(super) fn extension(&self, place: usize) -> i64 {
        self.environment.id(5, place, self.company.factory.extensions.len())
    }

    /// The id of a role (`espace.role`).
    pub(super) fn role(&self, full_name: &str) -> i64 {
        let roles: Vec<&Role> = self.roles().collect();
        let place = roles.iter().position(|role| role.full_name() == full_name).unwrap_or(0);
        self.environment.id(21, place, roles.len())
    }

    /// The roles of this side.
    fn roles(&self) -> impl Iterator<Item = &'a Role> {
        let side = self.environment.side;
        self.company.factory.roles.iter().filter(move |role| role.only.allows(side))
    }

    /// The groups of this side, with their ids.
    fn groups(&self) -> Vec<(i64, &'a Group)> {
        let side = self.environment.side;
        let groups = self.company.factory.groups.iter().filter(|group| group.only.allows(side));
        let groups: Vec<&Group> = groups.collect();
        let id = |place| self.environment.id(31, place, groups.len());
        groups.iter().enumerate().map(|(place, group)| (id(place), *group)).collect()
    }

    /// The id of the group of that name.
    pub(super) fn group_named(&self, name: &str) -> Result<i64> {
        let groups = self.groups();
        let found = groups.iter().find(|(_, group)| group.name == name);
        found.map(|(id, _)| *id).ok_or_else(|| wrong(format!("there is no group {name}")))
    }

    fn administrator(&self) -> Value {
        self.environment.people.first().map_or(Value::Null, |person| number(person.id))
    }

    /// All rows of the factory.
    pub(super) fn records(&self) -> Result<Vec<Records>> {
        let mut all = self.settings();
        all.extend(self.modules()?);
        all.extend(self.applications());
        all.extend(self.people()?);
        all.extend(self.site_properties());
        all.extend(self.timers());
        Ok(all)
    }

    fn settings(&self) -> Vec<Records> {
        let mut parameters = Records::of("OSSYS_PARAMETER");
        let version = self.company.factory.version.as_str();
        for (name, value) in [("Version", version), ("SessionVersion", version), (MARKER, "1")] {
            parameters.push(vec![("NAME", text(name)), ("VAL", text(value))]);
        }
        let mut servers = Records::of("OSSYS_SERVER");
        let side = self.environment.side;
        let here = self.company.factory.servers.iter().filter(|server| server.side == side);
        for (server, id) in here.zip(1..) {
            servers.push(vec![
                ("ID", number(id)),
                ("NAME", text(&server.name)),
                ("IP_ADDRESS", text("")),
                ("IS_ACTIVE", flag(true)),
            ]);
        }
        let mut catalogs = Records::of("OSSYS_DBCATALOG");
        catalogs.push(vec![
            ("ID", number(MAIN_CATALOG)),
            ("LOGICAL_NAME", text("(Main)")),
            ("NAME", text("(Main)")),
            ("DESCRIPTION", text("The platform's own database")),
            ("USEINTEGRATEDAUTH", flag(false)),
        ]);
        let mut kinds = Records::of("OSSYS_MODULE_KIND");
        for (id, name) in [(1, "eSpace"), (2, "Extension")] {
            kinds.push(vec![("ID", number(id)), ("NAME", text(name))]);
        }
        vec![parameters, servers, catalogs, kinds]
    }

    fn modules(&self) -> Result<Vec<Records>> {
        let mut espaces = Records::of("OSSYS_ESPACE");
        let mut versions = Records::of("OSSYS_ESPACE_VERSION");
        let mut modules = Records::of("OSSYS_MODULE");
        for espace in &self.company.factory.espaces {
            let id = self.espace(&espace.name);
            let written = |name: &str| self.environment.written(name, &Company::espace_key(name));
            espaces.push(vec![
                ("ID", number(id)),
                ("NAME", text(&espace.name)),
                ("IS_MULTITENANT", flag(espace.multi_tenant)),
                ("SS_KEY", text(written(&espace.name)?)),
                ("IS_ACTIVE", flag(true)),
                ("IS_SYSTEM", flag(espace.system)),
                ("VERSION_ID", number(self.espace_version(&espace.name))),
                ("IS_CONSISTENT", flag(true)),
                ("IS_USER_PROVIDER", flag(espace.user_provider)),
                ("USER_PROVIDER_KEY", text(written(USER_PROVIDER)?)),
                ("USER_PROVIDER_NAME", text(USER_PROVIDER)),
                ("IS_LOCKED", flag(false)),
                ("DBCATALOG_ID", number(MAIN_CATALOG)),
                ("HMACVERSION", number(2)),
                ("ESPACEKIND", text(&espace.kind)),
            ]);
            versions.push(vec![
                ("ID", number(self.espace_version(&espace.name))),
                ("ESPACE_ID", number(id)),
                ("ESPACE_NAME", text(&espace.name)),
                ("VERSION", number(14)),
                ("UPLOADED_DATE", moment("2025-03-02 21:14:00")),
                ("UPLOADED_BY", self.administrator()),
                ("LAST_MODIFIED", moment("2025-03-02 20:58:00")),
            ]);
            modules.push(vec![
                ("ID", number(id)),
                ("MODULE_KIND_ID", number(1)),
                ("ESPACE_ID", number(id)),
            ]);
        }
        let mut extensions = Records::of("OSSYS_EXTENSION");
        let mut extension_versions = Records::of("OSSYS_EXTENSION_VERSION");
        for (place, extension) in self.company.factory.extensions.iter().enumerate() {
            let id = self.extension(place);
            let version = id * 3 + 700;
            extensions.push(vec![
                ("ID", number(id)),
                ("NAME", text(&extension.name)),
                ("SS_KEY", text(extension.key())),
                ("IS_SYSTEM", flag(false)),
                ("IS_ACTIVE", flag(true)),
                ("VERSION_ID", number(version)),
                ("PUBLISHED_DATE", moment("2024-09-18 09:30:00")),
                ("PUBLISHED_BY", self.administrator()),
            ]);
            extension_versions.push(vec![
                ("ID", number(version)),
                ("EXTENSION_ID", number(id)),
                ("VERSION", number(3)),
                ("UPLOADED_DATE", moment("2024-09-18 09:30:00")),
                ("UPLOADED_BY", self.administrator()),
            ]);
            modules.push(vec![
                ("ID", number(self.extension_module(place))),
                ("MODULE_KIND_ID", number(2)),
                ("EXTENSION_ID", number(id)),
            ]);
        }
        let references = self.references()?;
        Ok(vec![espaces, versions, extensions, extension_versions, modules, references])
    }

    /// Modules of extensions are numbered after those of espaces.
    fn extension_module(&self, place: usize) -> i64 {
        900 + self.extension(place)
    }

    /// Which entities of other modules each module uses.
    fn references(&self) -> Result<Records> {
        let mut references = Records::of("OSSYS_ESPACE_REFERENCE");
        let mut seen = std::collections::BTreeSet::new();
        let side = self.environment.side;
        for entity in self.company.entities.iter().filter(|entity| entity.only.allows(side)) {
            for parent in entity.attributes.iter().filter_map(|a| a.refers.as_deref()) {
                let (producer, name) = super::company::split(parent)?;
                if producer == entity.espace || !seen.insert((entity.espace.as_str(), parent)) {
                    continue;
                }
                let key = self.environment.written(producer, &self.company.entity_key(parent)?)?;
                references.push(vec![
                    ("ID", number(i64::try_from(seen.len()).unwrap_or(0))),
                    ("CONSUMER_VERSION_ID", number(self.espace_version(&entity.espace))),
                    ("PRODUCER_NAME", text(producer)),
                    ("PRODUCER_KIND", text("eSpace")),
                    ("NAME", text(name)),
                    ("KIND", text("Entity")),
                    ("SS_KEY", text(key)),
                    ("PUBLISHED_PROD_VERSION_ID", number(self.espace_version(producer))),
                ]);
            }
        }
        Ok(references)
    }

    fn applications(&self) -> Vec<Records> {
        let applications = &self.company.factory.applications;
        let mut solutions: Vec<&str> = Vec::new();
        for solution in applications.iter().filter_map(|a| a.solution.as_deref()) {
            if !solutions.contains(&solution) {
                solutions.push(solution);
            }
        }
        let mut application_rows = Records::of("OSSYS_APPLICATION");
        let mut module_rows = Records::of("OSSYS_APP_DEFINITION_MODULE");
        let mut solution_rows = Records::of("OSSYS_SOLUTION");
        let mut content_rows = Records::of("OSSYS_SOLUTION_REFERENCE");
        for (place, name) in solutions.iter().enumerate() {
            solution_rows.push(vec![
                ("ID", number(self.environment.id(2, place, solutions.len()))),
                ("NAME", text(name)),
                ("CREATED_BY", self.administrator()),
            ]);
        }
        let (mut modules, mut contents) = (0, 0);
        for (place, application) in applications.iter().enumerate() {
            let id = self.environment.id(41, place, applications.len());
            application_rows.push(vec![
                ("ID", number(id)),
                ("NAME", text(&application.name)),
                ("DESCRIPTION", text(&application.description)),
                ("DEFAULTTHEMEISMOBILE", flag(false)),
                ("KEY", text(key::key(&format!("application/{}", application.name)))),
                ("IS_ACTIVE", flag(true)),
                // Where rows are written, what is written has been taken offline.
                (
                    "DISABLED",
                    flag(application.offline && self.environment.side == Side::Destination),
                ),
                ("CREATEDBY", self.administrator()),
                ("APPLICATIONKIND", number(1)),
            ]);
            let extension_place = |name: &String| {
                self.company.factory.extensions.iter().position(|e| e.name == *name)
            };
            let espaces = application.espaces.iter().map(|name| self.espace(name));
            let extensions = application.extensions.iter().filter_map(extension_place);
            for module in espaces.chain(extensions.map(|place| self.extension_module(place))) {
                modules += 1;
                module_rows.push(vec![
                    ("ID", number(modules)),
                    ("APPLICATION_ID", number(id)),
                    ("MODULE_ID", number(module)),
                ]);
            }
            let solution = application.solution.as_deref();
            let solution = solution.and_then(|name| solutions.iter().position(|s| *s == name));
            for espace in application.espaces.iter().filter(|_| solution.is_some()) {
                contents += 1;
                let place = solution.unwrap_or_default();
                content_rows.push(vec![
                    ("ID", number(contents)),
                    ("SOLUTION_ID", number(self.environment.id(2, place, solutions.len()))),
                    ("ESPACE_ID", number(self.espace(espace))),
                ]);
            }
        }
        vec![application_rows, module_rows, solution_rows, content_rows]
    }

    fn people(&self) -> Result<Vec<Records>> {
        let side = self.environment.side;
        let mut tenants = Records::of("OSSYS_TENANT");
        for tenant in &self.company.factory.tenants {
            tenants.push(vec![
                ("ID", number(tenant.id(side))),
                ("NAME", text(tenant.name_on(side))),
                ("ESPACE_ID", number(self.espace(&tenant.provider))),
                ("IS_ACTIVE", flag(true)),
            ]);
        }
        let mut users = Records::of("OSSYS_USER");
        let mut user_roles = Records::of("OSSYS_USER_ROLE");
        let mut members = Records::of("OSSYS_GROUP_USER");
        let groups = self.groups();
        for person in &self.environment.people {
            let user = person.user;
            let mut dice = Dice::new(key::seed(&user.username), person.tenant.unsigned_abs());
            let later = if person.again { " 2" } else { "" };
            users.push(vec![
                ("TENANT_ID", number(person.tenant)),
                ("ID", number(person.id)),
                ("NAME", text(format!("{}{later}", user.name))),
                ("USERNAME", text(&user.username)),
                ("PASSWORD", text(format!("$1${:016x}{:016x}", dice.roll(), dice.roll()))),
                ("EMAIL", text(format!("{}@nordhaven.example", user.username))),
                ("MOBILEPHONE", text(format!("+47 9{:07}", dice.between(0, 9_999_999)))),
                ("EXTERNAL_ID", text("")),
                ("CREATION_DATE", moment("2018-05-14 08:00:00")),
                ("LAST_LOGIN", moment("2025-02-27 07:45:00")),
                ("IS_ACTIVE", flag(person.active)),
            ]);
            if user.tenant == SERVICE_CENTER {
                let id = i64::try_from(user_roles.rows.len()).unwrap_or(0) + 1;
                user_roles.push(vec![
                    ("ID", number(id)),
                    ("USER_ID", number(person.id)),
                    ("ROLE_ID", number(self.role("ServiceCenter.Administrator"))),
                    ("TENANT_ID", number(person.tenant)),
                ]);
            }
            let own = [user.group.as_ref(), user.also.as_ref()];
            for name in own.into_iter().flatten().filter(|_| !person.again) {
                let Some((group, _)) = groups.iter().find(|(_, group)| group.name == *name) else {
                    continue;
                };
                let id = i64::try_from(members.rows.len()).unwrap_or(0) + 1;
                members.push(vec![
                    ("ID", number(id)),
                    ("USER_ID", number(person.id)),
                    ("GROUP_ID", number(*group)),
                    ("TENANT_ID", number(person.tenant)),
                ]);
            }
        }
        let mut roles = Records::of("OSSYS_ROLE");
        for role in self.roles() {
            let full_name = role.full_name();
            let key = key::key(&format!("role/{full_name}"));
            roles.push(vec![
                ("ID", number(self.role(&full_name))),
                ("NAME", text(&role.name)),
                ("PERSISTENT", flag(true)),
                ("SS_KEY", text(self.environment.written(&role.espace, &key)?)),
                ("ESPACE_ID", number(self.espace(&role.espace))),
                ("IS_ACTIVE", flag(true)),
                ("DESCRIPTION", text(&role.description)),
            ]);
        }
        let mut group_rows = Records::of("OSSYS_GROUP");
        let mut group_roles = Records::of("OSSYS_GROUP_ROLE");
        for (group_id, group) in groups {
            let tenant = self.company.tenant(&group.tenant)?.id(side);
            group_rows.push(vec![
                ("ID", number(group_id)),
                ("NAME", text(&group.name)),
                ("DESCRIPTION", text(&group.description)),
                ("CREATED_BY", self.administrator()),
                ("CREATED", moment("2018-05-14 08:00:00")),
                ("HAS_CUSTOM_MANAGEMENT", flag(false)),
                ("TENANT_ID", number(tenant)),
            ]);
            let here = |role: &&String| self.roles().any(|other| other.full_name() == **role);
            for role in group.roles.iter().filter(here) {
                let id = i64::try_from(group_roles.rows.len()).unwrap_or(0) + 1;
                group_roles.push(vec![
                    ("ID", number(id)),
                    ("GROUP_ID", number(group_id)),
                    ("ROLE_ID", number(self.role(role))),
                    ("TENANT_ID", number(tenant)),
                ]);
            }
        }
        Ok(vec![tenants, users, roles, user_roles, group_rows, group_roles, members])
    }

    /// A timer of each module that runs processes; in Production one is at work.
    fn timers(&self) -> Vec<Records> {
        let mut timers = Records::of("OSSYS_META_CYCLIC_JOB");
        let mut states = Records::of("OSSYS_CYCLIC_JOB_SHARED");
        let mut modules: Vec<&str> = Vec::new();
        for process in &self.company.processes.all {
            if !modules.contains(&process.espace.as_str()) {
                modules.push(&process.espace);
            }
        }
        for (place, module) in modules.iter().enumerate() {
            let id = self.environment.id(71, place, modules.len());
            let is_running = place == 0 && self.environment.side == Side::Source;
            timers.push(vec![
                ("ID", number(id)),
                ("NAME", text("SendReminders")),
                ("ESPACE_ID", number(self.espace(module))),
                ("TIMEOUT", number(20)),
                ("DEFAULT_SCHEDULE", text("Daily(04:00)")),
                ("IS_ACTIVE", flag(true)),
            ]);
            let since = if is_running { "2025-03-03 04:00:00" } else { "1900-01-01 00:00:00" };
            states.push(vec![
                ("ID", number(id)),
                ("META_CYCLIC_JOB_ID", number(id)),
                ("SCHEDULE", text("Daily(04:00)")),
                ("IS_RUNNING_SINCE", moment(since)),
                ("LAST_RUN", moment("2025-03-02 04:00:00")),
                ("NEXT_RUN", moment("2025-03-04 04:00:00")),
            ]);
        }
        vec![timers, states]
    }

    fn site_properties(&self) -> Vec<Records> {
        let mut definitions = Records::of("OSSYS_SITE_PROPERTY_DEFINITION");
        let mut values = Records::of("OSSYS_SITE_PROPERTY_SHARED");
        let properties = &self.company.factory.site_properties;
        for (place, property) in properties.iter().enumerate() {
            let id = self.environment.id(61, place, properties.len());
            let name = format!("site-property/{}/{}", property.espace, property.name);
            definitions.push(vec![
                ("ID", number(id)),
                ("SS_KEY", text(key::key(&name))),
                ("NAME", text(&property.name)),
                ("DATA_TYPE", text(&property.data_type)),
                ("DEFAULT_VALUE", text(&property.default)),
                ("ESPACE_ID", number(self.espace(&property.espace))),
                ("IS_ACTIVE", flag(true)),
            ]);
            if let Some(value) = property.value(self.environment.side) {
                values.push(vec![
                    ("ID", number(id)),
                    ("SITE_PROPERTY_DEFINITION_ID", number(id)),
                    ("PROPERTY_VALUE", text(value)),
                    ("USER_MODIFIED", flag(true)),
                ]);
            }
        }
        vec![definitions, values]
    }
}
