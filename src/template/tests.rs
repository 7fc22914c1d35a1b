//! How the parts of the templar play together.

use std::sync::Arc;

use super::harness::{Bench, Variables, written};
use super::{Dialect, Failure, Scope};
use crate::diagnostic::Source;
use crate::value::{Encrypted, Key, MASK, Map, Value};

fn unknown() -> Value {
    Value::unknown("`a command` has not run yet")
}

#[test]
fn one_expression_keeps_its_type_and_text_around_makes_text() {
    let bench = Bench::new().with("n", Value::Int(2));
    assert_eq!(bench.render("{{ n }}").expect("is defined"), Value::Int(2));
    assert_eq!(bench.render("{{ [n, 'a'] }}!").expect("is defined"), Value::data("[2, 'a']!"));
}

#[test]
fn variables_are_templated_when_they_are_used_and_results_are_not() {
    let bench = Bench::new()
        .template("a", "{{ b.c }}/x")
        .with("b", Value::map([("c", written("{{ d }}")), ("e", written("{{ nowhere }}"))]))
        .with("d", Value::data("{{ not_a_template }}"));
    assert_eq!(
        bench.render("{{ a }}").expect("e is not used"),
        Value::data("{{ not_a_template }}/x")
    );
    assert!(bench.message("{{ b }}").contains("variable `nowhere` is undefined"));
}

#[test]
fn errors_have_a_place_a_path_and_a_near_name() {
    let bench = Bench::new().template("outer", "{{ hots }}").with("host", Value::Int(1));
    assert_eq!(
        bench.message("x {{ outer }}"),
        "a.yml:1:4: variable `hots` is undefined; while templating `outer`; did you mean `host`?"
    );
    assert_eq!(
        bench.message("{{ host | uper }}"),
        "a.yml:1:11: there is no filter `uper`; did you mean `upper`?"
    );
    assert_eq!(
        bench.message("{{ {'abc': 1}.abd }}"),
        "a.yml:1:15: the dict has no member `abd`; did you mean `abc`?"
    );
}

#[test]
fn a_loop_of_variables_is_named() {
    let bench = Bench::new().template("a", "{{ b }}").template("b", "{{ a }}");
    let message = bench.message("{{ a }}");
    assert!(message.contains("variables refer to each other in a loop: a -> b -> a"), "{message}");
}

#[test]
fn default_and_defined_see_through_chains_and_variables() {
    let bench = Bench::new().template("a", "{{ nope.x.y }}");
    assert_eq!(bench.render("{{ a | default('z') }}").expect("caught"), Value::data("z"));
    assert_eq!(bench.render("{{ nope.x['y'] is defined }}").expect("caught"), Value::Bool(false));
    assert!(bench.render("{{ nope }}").is_err());
    assert!(bench.when("nope").is_err());
}

#[test]
fn unknown_values_stop_what_needs_them_and_nothing_else() {
    let bench = Bench::new()
        .with("reg", unknown())
        .with("part", Value::map([("known", Value::Int(1)), ("other", unknown())]));
    for text in
        ["{{ reg }}", "{{ reg.stdout }}", "a {{ reg }}", "{{ reg | default(1) }}", "{{ part }}"]
    {
        assert!(matches!(bench.render(text), Err(Failure::Unknown(_))), "{text}");
    }
    assert_eq!(bench.render("{{ part.known }}").expect("is known"), Value::Int(1));
    assert!(bench.when("reg is defined").expect("is known"));
    assert!(!bench.when("reg.rc == 0 and false").expect("is known"));
    assert!(!bench.when("false and reg.rc == 0").expect("is known"));
    assert!(bench.when("true or reg").expect("is known"));
    assert!(matches!(bench.when("reg.rc == 0 and reg.foo.bar"), Err(Failure::Unknown(_))));
}

#[test]
fn conditions_want_truth_values() {
    let bench = Bench::new().with("s", Value::data("yes"));
    assert!(bench.when("s | bool").expect("is one"));
    assert!(bench.when("s").is_err());
    let list = Value::list([Value::data("x"), Value::Bool(true)]);
    assert!(bench.context(|c| bench.templar.condition(&list, &bench.variables, c)).is_err());
}

#[test]
fn omitted_entries_are_dropped() {
    let bench = Bench::new();
    let value = Value::map([("a", written("{{ nope | default(omit) }}")), ("b", Value::Int(1))]);
    assert_eq!(bench.value(&value).expect("renders"), Value::map([("b", Value::Int(1))]));
    assert_eq!(bench.render("{{ omit }}").expect("renders"), Value::Omit);
}

#[test]
fn what_is_made_from_a_secret_is_secret() {
    let vaulted = Value::Encrypted(Arc::new(Encrypted::new("hunter2-secret", None)));
    let bench = Bench::new().with("pw", vaulted);
    let upper = bench.render("{{ pw | upper }}").expect("renders");
    assert_eq!(format!("{upper:?}"), MASK);
    assert!(bench.redactor.mask("x HUNTER2-SECRET y").contains(MASK));
    let text = bench.render("user={{ pw | upper }}").expect("renders");
    assert_eq!(text.as_str(), Some("user=HUNTER2-SECRET"));
    assert_eq!(bench.redactor.mask("user=HUNTER2-SECRET"), format!("user={MASK}"));
    assert_eq!(format!("{:?}", bench.render("{{ pw | length }}").expect("renders")), "14");
}

#[test]
fn files_include_extend_and_import() {
    let bench = Bench::new()
        .with("name", Value::data("n"))
        .file("base.j2", "<{% block a %}base{% endblock %}>\n")
        .file("part.j2", "part of {{ name }}\n")
        .file("lib.j2", "{% macro twice(x, y='-') %}{{ x }}{{ y }}{{ x }}{% endmacro %}");
    let text = "{% extends 'base.j2' %}{% block a %}{{ super() }}+{% include 'part.j2' %}\
                {% import 'lib.j2' as lib %}{{ lib.twice(1) }}{% endblock %}";
    let source = Source::new("t.j2", text);
    let rendered = bench.context(|context| {
        bench.templar.template(&source, &bench.variables, context, &Dialect::default())
    });
    assert_eq!(rendered.expect("renders").as_str(), "<base+part of n\n1-1>\n");
}

#[test]
fn statements_behave_as_in_jinja() {
    let bench = Bench::new();
    let cases = [
        (
            "{% for x in [1,2,3] if x != 2 %}{{ loop.index }}{{ x }}{{ ',' if not loop.last }}{% endfor %}",
            "11,23",
        ),
        (
            "{% set ns = namespace(n=0) %}{% for x in [1,2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}!",
            "3!",
        ),
        ("{% set x = 1 %}{% for y in [1] %}{% set x = 2 %}{% endfor %}{{ x }}.", "1."),
        (
            "{% macro m(a) %}<{{ a }}{{ varargs }}{{ kwargs }}>{% endmacro %}{{ m(1, 2, k=3) }}.",
            "<1[2]{'k': 3}>.",
        ),
        ("{% macro m() %}({{ caller() }}){% endmacro %}{% call m() %}in{% endcall %}.", "(in)."),
        ("{% filter upper %}a{{ 'b' }}{% endfilter %}.", "AB."),
        ("{% for k, v in {'a': 1}.items() recursive %}{{ k }}{{ v }}{% endfor %}.", "a1."),
        ("{{ '%s-%03d' % ('a', 7) }}.", "a-007."),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
    ];
    for (text, wanted) in cases {
        assert_eq!(
            bench.render(text).unwrap_or_else(|_| panic!("{}", bench.message(text))),
            Value::data(wanted),
            "{text}"
        );
    }
}

#[test]
fn the_static_check_finds_unknown_names_and_bad_syntax() {
    let bench = Bench::new();
    let found = |text: &str| {
        let Value::Str(text) = written(text) else { panic!("is a string") };
        bench.templar.check(&text).iter().map(ToString::to_string).collect::<Vec<_>>().join("|")
    };
    assert_eq!(
        found("{{ a | nofilter(b | lower) is notest }}"),
        "a.yml:1:8: there is no filter `nofilter`|a.yml:1:31: there is no test `notest`"
            .split('|')
            .rev()
            .collect::<Vec<_>>()
            .join("|")
    );
    assert_eq!(
        found("{{ lookup('pipe', 'x') }}"),
        "a.yml:1:11: the lookup `pipe` is not supported"
    );
    assert!(
        found("{{ a + }}").starts_with("a.yml:1:8: cannot parse the template"),
        "{}",
        found("{{ a + }}")
    );
    assert_eq!(found("{{ a | ansible.builtin.upper }}"), "");
}

/// Two hosts with a variable each that refers to another one of the same host.
struct Fleet(Vec<(&'static str, Arc<dyn Scope>)>);

impl Scope for Fleet {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn hosts(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_string()).collect()
    }

    fn host(&self, name: &str) -> Option<Arc<dyn Scope>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, scope)| Arc::clone(scope))
    }
}

#[test]
fn hostvars_are_templated_with_their_own_hosts_variables() {
    let host = |name: &'static str| -> (&'static str, Arc<dyn Scope>) {
        let url = ("url".into(), written("http://{{ name }}/"));
        let variables =
            [("name".into(), Value::data(name)), url, ("bad".into(), written("{{ no }}"))];
        (name, Arc::new(Variables(variables.into())))
    };
    let fleet = Fleet(vec![host("a"), host("b")]);
    let bench = Bench::new();
    let render =
        |text: &str| bench.context(|context| bench.templar.render(&written(text), &fleet, context));
    assert_eq!(
        render("{{ hostvars['a'].url }}{{ hostvars.b['url'] }}").expect("renders"),
        Value::data("http://a/http://b/")
    );
    assert_eq!(
        render("{{ hostvars['c'].url | default('none') }}").expect("caught"),
        Value::data("none")
    );
    let extracted = [
        ("{{ ['a', 'b'] | map('extract', hostvars, 'name') | join(',') }}", "a,b"),
        ("{{ 'b' | extract(hostvars, ['url']) }}", "http://b/"),
        ("{{ hostvars | list | join(',') }}", "a,b"),
        ("{{ ['a'] | map('extract', hostvars) | map(attribute='url') | first }}", "http://a/"),
    ];
    for (text, wanted) in extracted {
        assert_eq!(render(text).expect("renders"), Value::data(wanted), "{text}");
    }
    assert!(render("{{ hostvars['a'].bad }}").is_err());
    assert_eq!(render("{{ hostvars['a'].get('nope', 1) }}").expect("renders"), Value::Int(1));
}

#[test]
fn passwords_are_made_once_and_only_when_applying() {
    let mut bench = Bench::new();
    bench.may_write = false;
    let text = "{{ lookup('password', 'pw/x length=12 chars=digits') }}";
    assert!(matches!(bench.render(text), Err(Failure::Unknown(_))));
    bench.may_write = true;
    let first = bench.render(text).expect("is made");
    assert_eq!(format!("{first:?}"), MASK);
    let shown = first.as_str().expect("is a string");
    assert!(shown.len() == 12 && shown.bytes().all(|byte| byte.is_ascii_digit()), "{shown}");
    assert_eq!(bench.render(text).expect("is kept"), first);
    assert_eq!(bench.redactor.mask(shown), MASK);
}

#[test]
fn lookups_read_the_projects_files() {
    let bench = Bench::new()
        .with("n", Value::Int(1))
        .file("a.txt", "text {{ n }}\n\n")
        .file("t.j2", "n: {{ n }}{{ extra | default('') }}\n")
        .file("b.txt", "b")
        .file("t.csv", "k,v\n\"a b\",\"x,y\"\n")
        .file("c.ini", "[s]\nkey = value\n[t]\nkey=other\n");
    let cases = [
        ("{{ lookup('file', 'a.txt') }}", "text {{ n }}"),
        ("{{ lookup('template', 't.j2') }}", "n: 1\n"),
        ("{{ lookup('template', 't.j2', template_vars={'extra': '!'}) }}", "n: 1!\n"),
        ("{{ (lookup('template', 't.j2') | from_yaml).n + 1 }}.", "2."),
        ("{{ query('fileglob', '*.txt') | map('basename') | join(' ') }}", "a.txt b.txt"),
        ("{{ lookup('csvfile', 'a b', file='t.csv', delimiter=',', col=1) }}", "x,y"),
        ("{{ lookup('ini', 'key', section='t', file='c.ini') }}", "other"),
        ("{{ lookup('first_found', ['no.txt', 'b.txt']) | basename }}", "b.txt"),
        ("{{ 'a.txt' is file and 'nope' is not exists }}.", "True."),
    ];
    for (text, wanted) in cases {
        assert_eq!(bench.message(text), format!("value {wanted:?}"), "{text}");
    }
}

#[test]
fn a_name_that_is_not_the_templates_own_is_not_changed() {
    let bench = Bench::new().with("l", Value::list([Value::Int(1)]));
    assert!(bench.message("{{ l.append(2) }}").contains("would change a list in place"));
    assert!(bench.message("{% set x = l %}{{ x.append(2) }}").contains("would change a list"));
    let grown =
        bench.render("{% set ns = namespace(x=[]) %}{% set _ = ns.x.append(2) %}{{ ns.x }}");
    assert_eq!(grown.expect("is its own"), Value::list([Value::Int(2)]));
}

#[test]
fn unknown_parts_travel_through_containers_only() {
    let bench = Bench::new().with("reg", Value::map([("rc", Value::Int(0)), ("out", unknown())]));
    let known = [
        ("{{ (reg | combine({'a': 1})).rc }}", Value::Int(0)),
        ("{{ {'x': reg}.x.rc }}", Value::Int(0)),
        ("{{ [reg] | length }}", Value::Int(1)),
        ("{{ [reg] | map(attribute='rc') | first }}", Value::Int(0)),
        ("{{ reg.rc == 0 or reg.out }}", Value::Bool(true)),
    ];
    for (text, wanted) in known {
        assert_eq!(bench.render(text).expect("is known"), wanted, "{text}");
    }
    for text in [
        "{{ range(reg.out) }}",
        "{{ '%d' % reg.out }}",
        "{{ '{:d}'.format(reg.out) }}",
        "{{ [1] | batch(reg.out) }}",
        "{{ lookup('file', reg.out) }}",
        "{{ reg.rc is divisibleby(reg.out) }}",
        "{{ reg.rc | int(base=reg.out) }}",
        "{{ reg | to_json }}",
        "{{ reg.out | length }}",
        "{{ reg == {} }}x{{ reg.out }}",
        "{% if reg.out %}{% endif %}",
        "{{ [reg] | map(attribute='out') | join }}",
        "{{ 'x' ~ reg.out }}",
    ] {
        assert!(
            matches!(bench.render(text), Err(Failure::Unknown(_))),
            "{text}: {}",
            bench.message(text)
        );
    }
    let partly = bench.context(|context| {
        bench.templar.render_partly(&written("{{ reg }}"), &bench.variables, context)
    });
    assert!(partly.expect("is partly known").find_unknown().is_some());
}

#[test]
fn what_else_an_open_mapping_holds_is_unknown() {
    let open = Map::from_iter([
        (Key::from("changed"), Value::Bool(true)),
        (Key::from("skipped"), Value::Omit),
        (Key::Rest, unknown()),
    ]);
    let bench = Bench::new().with("reg", Value::Map(Arc::new(open)));
    let known = [
        ("{{ reg is defined and reg.changed is defined and reg is changed }}", true),
        ("{{ reg is skipped or reg.skipped is defined or reg.skipped | default(false) }}", false),
        ("{{ 'changed' in reg and reg.get('changed') }}", true),
        ("{{ reg is mapping and (reg | ternary(true, false)) }}", true),
        ("{{ (reg | combine({'rc': 0})).rc == 0 }}", true),
        ("{{ [reg] | map(attribute='changed') | first }}", true),
        ("{{ [reg] | rejectattr('skipped', 'defined') | length == 1 }}", true),
    ];
    for (text, wanted) in known {
        assert_eq!(bench.message(text), format!("value {:?}", Value::Bool(wanted)), "{text}");
    }
    for text in [
        "{{ reg.json.name }}",
        "{{ reg['location'] }}",
        "{{ reg.location | default('x') }}",
        "{{ reg.location is defined }}",
        "{{ reg.location is undefined }}",
        "{{ reg.get('location', 1) }}",
        "{{ reg | attr('location') }}",
        "{{ 'location' in reg }}",
        "{{ reg | length }}",
        "{{ reg == {'changed': true} }}",
        "{{ reg.keys() | list }}",
        "{{ reg.values() | length }}",
        "{{ reg | dict2items | length }}",
        "{{ reg | list | length }}",
        "{% for key in reg %}x{% endfor %}",
        "{% for key, value in reg.items() %}x{% endfor %}",
        "{{ (reg | combine({'rc': 0})).stdout }}",
        "{{ ({'changed': 1} | combine(reg)).changed }}",
        "{{ dict(reg).changed }}",
        "{{ dict(**reg).changed }}",
        "{{ [reg] | map(attribute='location', default='x') | list }}",
        "{{ [reg] | selectattr('location', 'defined') | list }}",
        "{{ [reg] | items2dict(key_name='location') }}",
        "{{ [reg] | rekey_on_member('location') }}",
        "{{ [reg] | subelements('items', skip_missing=True) }}",
        "{{ reg is unreachable }}",
        "{% set ns = namespace(x={}) %}{{ ns.x.update(reg) }}",
        "{{ reg }}",
    ] {
        assert!(
            matches!(bench.render(text), Err(Failure::Unknown(_))),
            "{text}: {}",
            bench.message(text)
        );
    }
    assert!(!bench.when("false and reg.location").expect("is known"));
    assert!(matches!(bench.when("reg.location == 'x'"), Err(Failure::Unknown(_))));
}

#[test]
fn endless_macros_and_deep_variables_end_in_an_error() {
    let bench = Bench::new();
    let message = bench.message("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}");
    assert!(message.contains("nested more than"), "{message}");
    let mut bench = Bench::new().with("v0", Value::Int(7));
    for level in 1..40 {
        bench = bench.template(&format!("v{level}"), &format!("{{{{ v{} | int }}}}", level - 1));
    }
    assert_eq!(bench.render("{{ v39 }}").expect("is deep but finite"), Value::Int(7));
}

#[test]
fn the_projects_own_templates_pass_the_check() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("roles");
    let mut folders = vec![root];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("is readable").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "j2") {
                let text = std::fs::read_to_string(&path).expect("is text");
                let source = Source::new(path.display().to_string(), text);
                let found = Bench::new().templar.check_template(&source, &Dialect::default());
                assert!(found.is_empty(), "{found:?}");
                count += 1;
            }
        }
    }
    assert!(count > 5, "only {count} templates were found");
}

#[test]
fn includes_keep_the_delimiters_of_the_template() {
    let bench = Bench::new().file("part", "<< n >>{{ n }}").with("n", Value::Int(1));
    let dialect = Dialect { variable: ("<<".into(), ">>".into()), ..Dialect::default() };
    let source = Source::new("t.j2", "{% include 'part' %}");
    let rendered = bench
        .context(|context| bench.templar.template(&source, &bench.variables, context, &dialect));
    assert_eq!(rendered.expect("renders").as_str(), "1{{ n }}");
}

#[test]
fn times_are_computed_with() {
    let bench = Bench::new().with("t", Value::data("2026-01-02 03:04:05"));
    let cases = [
        ("{{ t | to_datetime }}", "2026-01-02 03:04:05"),
        ("{{ ((t | to_datetime) - ('2025-12-31' | to_datetime('%Y-%m-%d'))).days }}d", "2d"),
        ("{{ ((t | to_datetime) - (t | to_datetime)).total_seconds() }}.", "0.0."),
        ("{{ (t | to_datetime) - ('2026-01-01 03:04:06' | to_datetime) }}", "23:59:59"),
        ("{{ (t | to_datetime).strftime('%d.%m.%Y') }}", "02.01.2026"),
        ("{{ now().isoformat() }}", "2026-01-02T03:04:05"),
        ("{{ now(fmt='%Y') }} {{ now().year }} {{ now().timestamp() }}", "2026 2026 1767323045.0"),
        ("{{ now() > ('2020-01-01' | to_datetime('%Y-%m-%d')) }}.", "True."),
    ];
    for (text, wanted) in cases {
        assert_eq!(bench.message(text), format!("value {wanted:?}"), "{text}");
    }
}

#[test]
fn a_template_may_bring_its_own_settings() {
    let bench = Bench::new().with("n", Value::Int(1));
    let render = |text: &str| {
        let source = Source::new("t.j2", text);
        bench.context(|context| {
            bench.templar.template(&source, &bench.variables, context, &Dialect::default())
        })
    };
    let text = "#jinja2: lstrip_blocks: True, variable_start_string: '<<', variable_end_string: '>>'\n\
                a\n  {% if true %}\n<< n >>\n  {% endif %}\n";
    assert_eq!(render(text).expect("renders").as_str(), "a\n1\n");
    let Err(Failure::Error(error)) = render("#jinja2: trim_blocks: True\n\n{{ nope }}\n") else {
        panic!("`nope` is undefined");
    };
    assert_eq!(error.to_string(), "t.j2:3:4: variable `nope` is undefined");
    let Err(Failure::Error(error)) = render("#jinja2: trim_block: True\n") else {
        panic!("there is no such setting");
    };
    assert_eq!(error.hints, ["did you mean `trim_blocks`?"]);
}
