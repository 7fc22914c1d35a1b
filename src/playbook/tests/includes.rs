//! Includes during a run.

use std::path::Path;
use std::sync::Arc;

use super::{cases, loader};
use crate::playbook::{Flow, From, Item, Keyword, Loader, Playbook, RoleRequest, Task, Tier};

fn case(name: &str) -> (Loader, Playbook) {
    let base = cases("good").into_iter().find(|case| case.ends_with(name)).expect("the case");
    let loader = loader(&base);
    let playbook = loader.load(&[Path::new("site.yml")]).expect("loads");
    (loader, playbook)
}

fn named(playbook: &Playbook, title: &str) -> Arc<Task> {
    let tasks = playbook.plays.iter().flat_map(|play| play.all_tasks());
    tasks.into_iter().find(|task| task.title() == title).expect("the task")
}

fn request(name: &str) -> RoleRequest {
    RoleRequest {
        name: name.to_string(),
        from: From::default(),
        public: false,
        allow_duplicates: true,
        validate: true,
    }
}

fn tasks(items: &[Item]) -> Vec<&Arc<Task>> {
    items.iter().flat_map(Item::tasks).collect()
}

fn tags(task: &Task) -> Vec<&str> {
    task.tags().iter().map(|tag| tag.text.as_str()).collect()
}

#[test]
fn tasks_of_an_include_get_what_apply_says_and_not_what_the_include_says() {
    let (loader, playbook) = case("imports");
    let task = named(&playbook, "include_tasks");
    let Some(Flow::IncludeTasks(include)) = &task.action.flow else { panic!("an include") };
    let block = loader.include_tasks(&task, include, "tasks/included.yml").expect("loads");
    let [Item::Task(inside)] = block.items.as_slice() else { panic!("one task") };
    assert_eq!(tags(inside), ["applied"]);
    assert_eq!(
        inside.effective(Keyword::Become).and_then(crate::playbook::Setting::literal_bool),
        Some(true)
    );
    assert!(inside.vars_layers().iter().any(|layer| layer.tier == Tier::IncludeParams));
    let again = loader.include_tasks(&task, include, "tasks/included.yml").expect("loads");
    assert!(Arc::ptr_eq(&block, &again), "the same block for every host");
}

#[test]
fn a_missing_file_says_where_it_was_looked_for() {
    let (loader, playbook) = case("roles");
    let task = named(&playbook, "plain : include_tasks");
    let Some(Flow::IncludeTasks(include)) = &task.action.flow else { panic!("an include") };
    let problem = loader.include_tasks(&task, include, "nowhere.yml").expect_err("is missing");
    assert_eq!(
        problem.to_string(),
        "roles/plain/tasks/main.yml:4:18: there is no file `nowhere.yml`"
    );
    let hints = problem.0[0].hints.join(" ");
    assert!(
        hints.contains("`roles/plain/tasks/nowhere.yml`") && hints.contains("`nowhere.yml`"),
        "{hints}"
    );
    let block =
        loader.include_tasks(&task, include, "sub/more.yml").expect("is in the role's tasks");
    assert_eq!(tasks(&block.items).len(), 2);
}

#[test]
fn a_role_comes_with_its_dependencies_and_handlers() {
    let (loader, playbook) = case("roles");
    let task = named(&playbook, "include_role");
    let Some(Flow::IncludeRole(include)) = &task.action.flow else { panic!("an include") };
    let included = loader.include_role(&task, include, &request("needy")).expect("loads");
    let titles: Vec<String> =
        tasks(&included.block.items).iter().map(|task| task.title()).collect();
    assert_eq!(
        titles,
        [
            "plain : Plain",
            "plain : include_tasks",
            "plain : include_vars",
            "deep : debug",
            "needy : Validating arguments against arg spec 'main' - Needs things",
            "needy : Needy",
            "deep : debug",
        ]
    );
    let handlers: Vec<String> =
        included.handlers.iter().map(|handler| handler.task.title()).collect();
    assert_eq!(handlers, ["plain : restart", "needy : needy handler"]);
    let brought: Vec<&str> =
        included.block.brings.public_roles.iter().map(|role| role.role.name.as_str()).collect();
    assert_eq!(brought, ["deep"], "what it imports is public");
    assert!(
        included.handlers.iter().all(|handler| handler.list > playbook.plays[0].handlers.len())
    );
}

#[test]
fn a_missing_role_or_file_of_it_is_an_error_of_the_task() {
    let (loader, playbook) = case("roles");
    let task = named(&playbook, "include_role");
    let Some(Flow::IncludeRole(include)) = &task.action.flow else { panic!("an include") };
    let problem = loader.include_role(&task, include, &request("need")).expect_err("is missing");
    assert_eq!(problem.to_string(), "site.yml:22:15: there is no role `need`");
    let mut wrong = request("plain");
    wrong.from.tasks = Some("othr".to_string());
    let problem = loader.include_role(&task, include, &wrong).expect_err("is missing");
    assert_eq!(problem.0[0].hints, ["did you mean `other`?"]);
}

#[test]
fn uses_of_a_role_are_the_same_if_all_but_become_is() {
    let (_, playbook) = case("duplicates");
    let uses: Vec<&str> = playbook.plays[0]
        .roles
        .iter()
        .filter_map(|block| block.scope.role())
        .map(|role| role.identity.as_str())
        .collect();
    let first_of = |index: usize| uses.iter().position(|other| *other == uses[index]);
    let groups: Vec<Option<usize>> = (0..uses.len()).map(first_of).collect();
    assert_eq!(groups, [0, 0, 2, 2, 4, 4, 6, 7, 7, 0].map(Some));
}

#[test]
fn files_are_looked_for_in_the_role_then_beside_the_task_then_beside_the_playbook() {
    let (_, playbook) = case("roles");
    let task = named(&playbook, "plain : Plain");
    let roots: Vec<String> =
        task.search_roots("templates").iter().map(|root| format!("{root:?}")).collect();
    assert_eq!(
        roots,
        [
            "roles/plain/templates",
            "roles/plain",
            "roles/plain/tasks/templates",
            "roles/plain/tasks",
            "templates",
            ""
        ]
    );
}

#[test]
fn a_vaulted_file_of_variables_is_secret() {
    struct Plain(&'static str, crate::value::Redactor);
    impl crate::yaml::Unseal for Plain {
        fn unseal(
            &self,
            sealed: &Arc<crate::diagnostic::Source>,
        ) -> Result<String, crate::diagnostic::Diagnostic> {
            assert!(crate::yaml::is_sealed(&sealed.text));
            Ok(self.0.to_string())
        }

        fn redactor(&self) -> &crate::value::Redactor {
            &self.1
        }
    }
    let plain = |text| Arc::new(Plain(text, crate::value::Redactor::default()));
    let tree = crate::files::Tree::new([
        ("site.yml", "- hosts: all\n  roles: [x]\n"),
        ("roles/x/vars/main.yml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
    ]);
    let paths = |unseal| crate::playbook::Paths {
        files: Arc::new(tree.clone()),
        role_roots: vec![],
        known_vars: Arc::default(),
        unseal,
    };
    let vocabulary = || Arc::new(super::vocabulary::Words);
    let sealed = Arc::new(crate::yaml::Sealed::default());
    let locked = Loader::new(vocabulary(), paths(sealed)).load(&[Path::new("site.yml")]);
    let message = locked.expect_err("has no password").to_string();
    assert!(message.starts_with("roles/x/vars/main.yml:1:1: "), "{message}");
    let faulty = paths(plain("password: {{ hunter2 }}\n"));
    let faulty = Loader::new(vocabulary(), faulty).load(&[Path::new("site.yml")]);
    let message = format!("{:?}", faulty.expect_err("is no YAML"));
    assert!(!message.contains("hunter2"), "{message}");
    let open = paths(plain("password: hunter2\n"));
    let open = Loader::new(vocabulary(), open).load(&[Path::new("site.yml")]);
    let playbook = open.expect("opens");
    let role = playbook.plays[0].roles[0].scope.role().expect("a role");
    let Some(crate::value::Value::Str(password)) = role.vars.get("password") else {
        panic!("a text")
    };
    assert!(password.is_secret());
}

#[test]
fn a_handler_of_the_last_list_wins_and_in_a_list_the_first() {
    let (_, playbook) = case("handlers");
    let handlers = &playbook.plays[0].handlers;
    let winner = crate::playbook::Handler::winner(handlers, |handler| {
        handler.answers("twice", handler.task.name.as_ref().map(crate::value::Str::as_str))
    });
    assert_eq!(winner, Some(0));
    let (_, playbook) = case("roles");
    let handlers = &playbook.plays[0].handlers;
    let winner = crate::playbook::Handler::winner(handlers, |handler| {
        handler
            .answers("plain : restart", handler.task.name.as_ref().map(crate::value::Str::as_str))
    });
    assert_eq!(winner, Some(handlers.len() - 1), "the imported role's");
}

fn tree(files: Vec<(String, String)>) -> Loader {
    let paths = crate::playbook::Paths {
        files: Arc::new(crate::files::Tree::new(files)),
        role_roots: vec![],
        known_vars: Arc::default(),
        unseal: Arc::new(crate::yaml::Sealed::default()),
    };
    Loader::new(Arc::new(super::vocabulary::Words), paths)
}

#[test]
fn imports_may_nest_but_not_for_ever() {
    let chain =
        |length: usize| {
            let mut files = vec![(
                "site.yml".to_string(),
                "- hosts: all\n  tasks:\n    - import_tasks: 1.yml\n".to_string(),
            )];
            files.extend((1..length).map(|index| {
                (format!("{index}.yml"), format!("- import_tasks: {}.yml\n", index + 1))
            }));
            files.push((format!("{length}.yml"), "- ping:\n".to_string()));
            tree(files).load(&[Path::new("site.yml")])
        };
    assert_eq!(chain(30).expect("is not too deep").plays[0].all_tasks().len(), 1);
    let problem = chain(200).expect_err("is too deep").to_string();
    assert_eq!(problem, "31.yml:1:17: imports are nested deeper than 32");
}

#[test]
fn an_include_of_itself_ends() {
    let files = [
        ("site.yml", "- hosts: all\n  tasks:\n    - include_tasks: self.yml\n"),
        ("self.yml", "- include_tasks: self.yml\n"),
    ];
    let loader = tree(files.map(|(path, text)| (path.to_string(), text.to_string())).to_vec());
    let playbook = loader.load(&[Path::new("site.yml")]).expect("loads");
    let mut task = Arc::clone(&playbook.plays[0].all_tasks()[0]);
    for depth in 0..200 {
        let Some(Flow::IncludeTasks(include)) = &task.action.flow else { panic!("an include") };
        match loader.include_tasks(&task, &include.clone(), "self.yml") {
            Ok(block) => task = Arc::clone(tasks(&block.items)[0]),
            Err(problem) => {
                assert_eq!(depth, 100);
                assert!(
                    problem.to_string().ends_with("includes are nested deeper than 100"),
                    "{problem}"
                );
                return;
            }
        }
    }
    panic!("it never ended");
}
