// SPDX-License-Identifier: GPL-2.0

//! Checks that each module of the driver uses only modules of its own layer and of layers below.

use quote::ToTokens;
use syn::{
    Item,
    UseTree, //
};

use crate::prelude::*;

/// Layers from bottom to top, each with the layers that it may use, which come before it.
///
/// A module is in the layer with the longest matching path. `crate` is the root file, and
/// `LocalModule` the type that `module!` defines there. A layer without `kernel` uses `core` alone.
const LAYERS: &str = "\
kernel
LocalModule
pin_init
dma kernel pin_init
sg::runs
sg::split
sg kernel dma sg::runs sg::split
bindings kernel LocalModule pin_init dma
dmaengine kernel LocalModule pin_init bindings
pl330::program
pl330::backoff kernel
pl330::hw kernel pl330::program pl330::backoff
pl330::engine::channel
pl330::engine::scheduler pl330::engine::channel
pl330::engine kernel bindings dma pl330::program pl330::backoff pl330::hw \
    pl330::engine::channel pl330::engine::scheduler
pl330::transfer kernel dma sg pl330::program pl330::engine
pl330 kernel bindings dma pl330::program pl330::hw pl330::engine pl330::transfer
provider kernel pin_init dmaengine pl330
lessons kernel dma sg pl330
demo kernel dma sg pl330 lessons
user kernel bindings dma sg pl330 demo
crate kernel pin_init bindings dma pl330 provider user
";

/// Checks all files of the module. Tests in them may use anything.
///
/// # Errors
///
/// Files that are in no layer, and paths to layers that a layer must not use.
pub fn check() -> Result<()> {
    let mut errors = BTreeSet::new();

    for file in lint::tracked("*.rs")? {
        let file = file.to_string_lossy();
        let Some(module) = module_of(&file) else {
            continue;
        };
        let layer = layer_of(&module).with_context(|| format!("{file} is in no layer"))?;
        let items = syn::parse_file(&fs::read_to_string(&*file)?)?.items;

        for path in paths(&module, &items) {
            let used = layer_of(&path).unwrap_or("crate");

            if used != layer && !may_use(layer, used) {
                errors.insert(format!("{file}: {path}: {layer} must not use {used}"));
            }
        }
    }
    expect_none("layers", errors.iter().map(String::as_str))
}

/// Returns all layers, each with those that it may use.
fn layers() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    LAYERS.lines().filter_map(|line| {
        let mut names = line.split_whitespace();

        Some((names.next()?, names))
    })
}

/// Returns true if the table permits `layer` to use `used`.
fn may_use(layer: &str, used: &str) -> bool {
    layers().any(|(it, mut uses)| it == layer && uses.any(|it| it == used))
}

/// Returns the module of a file; `None` for tests and samples.
fn module_of(file: &str) -> Option<String> {
    let path = file.strip_suffix(".rs")?.replace('/', "::");

    match path.split("::").next()? {
        "tests" | "samples" => None,
        _ if path.contains("::tests::") => None,
        "rk3588_dma_demo" => Some("crate".into()),
        _ => Some(path.trim_end_matches("::mod").into()),
    }
}

/// Returns the layer of a path, without `crate::`.
fn layer_of(path: &str) -> Option<&'static str> {
    let is_in = |layer: &&str| format!("{path}::").starts_with(&format!("{layer}::"));

    layers()
        .map(|it| it.0)
        .filter(is_in)
        .max_by_key(|layer| layer.len())
}

/// Returns the paths in the `items` of a module that lead to modules or to the `kernel` crate.
fn paths(module: &str, items: &[Item]) -> Vec<String> {
    /// Strings, which are skipped, and paths. Of a group, only the path to it is found.
    static PATH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"'"'|"(?:\\.|[^"\\])*"|\w+(?: ?:: ?\w*)+"#).unwrap());

    let (mut found, mut inner) = (vec![], vec![]);
    let mut children = BTreeSet::new();

    for item in items {
        match item {
            Item::Use(item) => found.extend(leaves("", &item.tree)),
            Item::Mod(item) => {
                let is_suite = |it: &syn::Attribute| it.path().is_ident("kunit_tests");
                let name = item.ident.to_string();

                if let (Some((_, items)), false) = (&item.content, item.attrs.iter().any(is_suite))
                {
                    inner.extend(paths(&format!("{module}::{name}"), items));
                }
                children.insert(name);
            }
            item => {
                let text = item.to_token_stream().to_string();

                found.extend(PATH.find_iter(&text).map(|it| it.as_str().to_string()));
            }
        }
    }
    inner.extend(
        found
            .iter()
            .filter_map(|path| resolve(module, &children, path)),
    );
    inner
}

/// Returns the paths of a `use` item.
fn leaves(prefix: &str, tree: &UseTree) -> Vec<String> {
    match tree {
        UseTree::Path(it) => leaves(&format!("{prefix}{}::", it.ident), &it.tree),
        UseTree::Group(it) => it.items.iter().flat_map(|it| leaves(prefix, it)).collect(),
        UseTree::Name(it) => vec![format!("{prefix}{}", it.ident)],
        UseTree::Rename(it) => vec![format!("{prefix}{}", it.ident)],
        _ => vec![format!("{prefix}*")],
    }
}

/// Returns a path from the root file on; `None` if it begins with an imported name or a crate.
fn resolve(module: &str, children: &BTreeSet<String>, path: &str) -> Option<String> {
    let mut base: Vec<_> = module.split("::").filter(|name| *name != "crate").collect();
    let mut names = path.split("::").map(str::trim).peekable();

    match *names.peek()? {
        "crate" | "kernel" => base.clear(),
        name if ["self", "super"].contains(&name) || children.contains(name) => (),
        _ => return None,
    }
    names.next_if(|name| ["crate", "self"].contains(name));
    while names.next_if_eq(&"super").is_some() {
        base.pop();
    }
    base.extend(names);
    Some(base.join("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_use_only_those_before_them() {
        let mut before = BTreeSet::new();

        for (layer, mut uses) in layers() {
            assert!(uses.all(|used| before.contains(used)), "{layer}");
            before.insert(layer);
        }
    }

    #[test]
    fn paths_lead_from_the_root() {
        let text = r#"
            mod c { use super::super::a as b; }
            mod d;
            pub(super) use self::{d::F, super::G::*};
            /// `crate::q`
            fn f(self) -> crate::h::H { self.x; Self::new(kernel::y()); d::z(core::i(), j::k()) }
            m! { super::n::N { ref_of: &$crate::o::P, text: "crate::q" } }
            #[kunit_tests(suite)] mod t { use super::*; }
        "#;
        let mut found = paths("x::y", &syn::parse_file(text).unwrap().items);
        let expected = "h::H kernel::y o::P x::G::* x::a x::n::N x::y::d::F x::y::d::z";

        found.sort();
        assert_eq!(found.join(" "), expected);
    }

    #[test]
    fn the_layer_is_the_longest() {
        let layer_of = |file| layer_of(&module_of(file).unwrap());

        assert_eq!(layer_of("rk3588_dma_demo.rs"), Some("crate"));
        assert_eq!(layer_of("pl330/engines.rs"), Some("pl330"));
        assert_eq!(
            layer_of("pl330/engine/channel.rs"),
            Some("pl330::engine::channel")
        );
        assert_eq!(layer_of("other/mod.rs"), None);
    }
}
