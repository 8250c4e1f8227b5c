//! Prints what the crate in a folder offers to the outside: `ottla-public-api FOLDER`.
//!
//! It reads the sources, not what a compiler makes of them, so it gives the same on every toolchain. That is enough here
//! because the lint `unreachable_pub` is an error: whatever is `pub` can be reached. Generated messages are left out, which
//! `cargo xtask codegen --check` guards.

mod outline;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outline::{Names, outline};
use syn::{Item, ItemMod};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A module: its path, whether others see it, under which conditions it is there, and its items.
struct Module {
    path: String,
    public: bool,
    conditions: String,
    items: Vec<Item>,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: ottla-public-api FOLDER");
        return ExitCode::FAILURE;
    };
    match list(Path::new(&folder)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{folder}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list(folder: &Path) -> Result<String> {
    let mut modules = Vec::new();
    let root = folder.join("src/lib.rs");
    let items = parse(&root)?;
    walk("crate".to_owned(), true, String::new(), items, &folder.join("src"), &mut modules)?;
    modules.sort_by(|one, other| one.path.cmp(&other.path));

    let names = Names::of(modules.iter().flat_map(|module| &module.items));
    let mut text =
        String::from("// Written by `cargo xtask api`: what this crate offers, its generated messages apart.\n");
    for module in modules {
        let outlined = outline(module.items, &names);
        if outlined.is_empty() {
            continue;
        }
        let kind = if module.public { "" } else { ", not public itself" };
        text.push_str(&format!("\n// {}{kind}{}\n\n{}", module.path, module.conditions, outlined.join("")));
    }
    Ok(text)
}

fn parse(file: &Path) -> Result<Vec<Item>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(syn::parse_file(&text).map_err(|error| format!("{}: {error}", file.display()))?.items)
}

/// Collects a module and those below it. `folder` is where files of modules in it are.
fn walk(
    path: String,
    public: bool,
    conditions: String,
    items: Vec<Item>,
    folder: &Path,
    modules: &mut Vec<Module>,
) -> Result<()> {
    for item in &items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        if outline::only_for_tests(&module.attrs) {
            continue;
        }
        let file = file_of(module, folder);
        if file.as_ref().is_some_and(|file| file.components().any(|part| part.as_os_str() == "generated")) {
            continue;
        }
        let below = match (&module.content, file) {
            (Some((_, items)), _) => items.clone(),
            (None, Some(file)) => parse(&file)?,
            (None, None) => return Err(format!("no file for module {path}::{name}").into()),
        };
        let public = public && matches!(module.vis, syn::Visibility::Public(_));
        let conditions = format!("{conditions}{}", outline::conditions(&module.attrs));
        walk(format!("{path}::{name}"), public, conditions, below, &folder.join(&name), modules)?;
    }
    modules.push(Module { path, public, conditions, items });
    Ok(())
}

/// The file of a module that is not written in place.
fn file_of(module: &ItemMod, folder: &Path) -> Option<PathBuf> {
    if module.content.is_some() {
        return None;
    }
    let named = module.attrs.iter().find_map(|attribute| {
        let syn::Meta::NameValue(pair) = &attribute.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value else { return None };
        pair.path.is_ident("path").then(|| folder.join(path.value()))
    });
    named.or_else(|| Some(folder.join(format!("{}.rs", module.ident))))
}
