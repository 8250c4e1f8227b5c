//! Items without their insides: what a caller can see of them.

use std::collections::BTreeSet;

use syn::{Attribute, Block, Expr, Fields, File, ImplItem, Item, ItemImpl, Meta, TraitItem, Type, Visibility};

/// The names of types and traits of the crate, by whether the outside sees them.
pub(crate) struct Names {
    private: BTreeSet<String>,
}

impl Names {
    pub(crate) fn of<'a>(items: impl Iterator<Item = &'a Item>) -> Self {
        let (mut public, mut private) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            let (name, visibility) = match item {
                Item::Struct(item) => (&item.ident, &item.vis),
                Item::Enum(item) => (&item.ident, &item.vis),
                Item::Trait(item) => (&item.ident, &item.vis),
                Item::Type(item) => (&item.ident, &item.vis),
                _ => continue,
            };
            if is_public(visibility) { &mut public } else { &mut private }.insert(name.to_string());
        }
        // A name that is both in different modules is shown rather than missed.
        private.retain(|name| !public.contains(name));
        Self { private }
    }

    fn hides(&self, path: &syn::Path) -> bool {
        path.segments.last().is_some_and(|segment| self.private.contains(&segment.ident.to_string()))
    }

    fn hides_type(&self, of: &Type) -> bool {
        match of {
            Type::Path(path) => self.hides(&path.path),
            Type::Reference(reference) => self.hides_type(&reference.elem),
            _ => false,
        }
    }
}

/// The items that the outside sees, as text, sorted.
pub(crate) fn outline(items: Vec<Item>, names: &Names) -> Vec<String> {
    let kept = items.into_iter().filter_map(|item| seen(item, names));
    let mut texts: Vec<String> =
        kept.map(|item| prettyplease::unparse(&File { shebang: None, attrs: Vec::new(), items: vec![item] })).collect();
    texts.sort();
    texts
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Whether an item is there in tests, or for documentation, alone.
pub(crate) fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => {
            let condition = list.tokens.to_string();
            list.path.is_ident("cfg")
                && (condition == "test" || condition.starts_with("all (test") || condition.contains("doctest"))
        }
        _ => false,
    })
}

/// The conditions of a module, for its heading.
pub(crate) fn conditions(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        if let Meta::List(list) = &attribute.meta
            && list.path.is_ident("cfg")
        {
            text.push_str(&format!(", where {}", list.tokens));
        }
    }
    text
}

/// What of its attributes is a promise.
fn promises(attributes: Vec<Attribute>) -> Vec<Attribute> {
    const KEPT: [&str; 6] = ["cfg", "deprecated", "derive", "must_use", "non_exhaustive", "macro_export"];
    attributes.into_iter().filter(|attribute| KEPT.iter().any(|kept| attribute.path().is_ident(kept))).collect()
}

fn nothing() -> Block {
    Block { brace_token: Default::default(), stmts: Vec::new() }
}

fn not_shown() -> Expr {
    Expr::Infer(syn::ExprInfer { attrs: Vec::new(), underscore_token: Default::default() })
}

/// Takes the insides out of an item; nothing for what the outside does not see.
fn seen(mut item: Item, names: &Names) -> Option<Item> {
    match &mut item {
        Item::Fn(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            *item.block = nothing();
        }
        Item::Const(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            *item.expr = not_shown();
        }
        Item::Static(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            *item.expr = not_shown();
        }
        Item::Struct(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            fields(&mut item.fields, false);
        }
        Item::Enum(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            for variant in &mut item.variants {
                variant.attrs = promises(std::mem::take(&mut variant.attrs));
                fields(&mut variant.fields, true);
            }
        }
        Item::Trait(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            item.items.iter_mut().for_each(trait_item);
        }
        Item::Type(item) => item.attrs = visible(&item.vis, &mut item.attrs)?,
        Item::Use(item) => item.attrs = visible(&item.vis, &mut item.attrs)?,
        Item::Impl(item) => implementation(item, names)?,
        Item::Mod(item) => {
            item.attrs = visible(&item.vis, &mut item.attrs)?;
            item.content = None;
            item.semi = Some(Default::default());
        }
        // What a macro makes may be public: its call is shown. A macro itself is only where it is exported.
        Item::Macro(item) => {
            if item.ident.is_some() && !item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
                return None;
            }
            item.attrs = promises(std::mem::take(&mut item.attrs));
        }
        _ => return None,
    }
    Some(item)
}

/// The promising attributes of an item that the outside sees.
fn visible(visibility: &Visibility, attributes: &mut Vec<Attribute>) -> Option<Vec<Attribute>> {
    (is_public(visibility) && !only_for_tests(attributes)).then(|| promises(std::mem::take(attributes)))
}

/// Leaves public fields; a private one is `_` in its place, or `_private` with a type that is not told.
fn fields(fields: &mut Fields, all_public: bool) {
    let hidden = || Type::Infer(syn::TypeInfer { underscore_token: Default::default() });
    match fields {
        Fields::Named(named) => {
            let (mut kept, mut dropped) = (syn::punctuated::Punctuated::new(), None);
            for mut field in std::mem::take(&mut named.named) {
                if all_public || is_public(&field.vis) {
                    field.attrs = promises(field.attrs);
                    kept.push(field);
                } else {
                    dropped = Some(field);
                }
            }
            if let Some(mut field) = dropped {
                field.attrs = Vec::new();
                field.ident = Some(syn::Ident::new("_private", field.ident.map_or_else(span, |ident| ident.span())));
                field.ty = hidden();
                kept.push(field);
            }
            named.named = kept;
        }
        Fields::Unnamed(unnamed) => {
            for field in &mut unnamed.unnamed {
                field.attrs = promises(std::mem::take(&mut field.attrs));
                if !all_public && !is_public(&field.vis) {
                    field.vis = Visibility::Inherited;
                    field.ty = hidden();
                }
            }
        }
        Fields::Unit => {}
    }
}

fn span() -> proc_macro2::Span {
    proc_macro2::Span::call_site()
}

fn trait_item(item: &mut TraitItem) {
    match item {
        TraitItem::Fn(item) => {
            item.attrs = promises(std::mem::take(&mut item.attrs));
            // Whether it has a default is a promise, what that does is not shown.
            if let Some(default) = &mut item.default {
                *default = nothing();
            }
        }
        TraitItem::Const(item) => {
            item.attrs = promises(std::mem::take(&mut item.attrs));
            if let Some((_, value)) = &mut item.default {
                *value = not_shown();
            }
        }
        TraitItem::Type(item) => item.attrs = promises(std::mem::take(&mut item.attrs)),
        _ => {}
    }
}

/// Of an implementation of a trait its types are left, of others what is public; nothing where nothing is.
fn implementation(item: &mut ItemImpl, names: &Names) -> Option<()> {
    if only_for_tests(&item.attrs) || names.hides_type(&item.self_ty) {
        return None;
    }
    item.attrs = promises(std::mem::take(&mut item.attrs));
    if let Some((_, of, _)) = &item.trait_ {
        if names.hides(of) {
            return None;
        }
        item.items.retain(|item| matches!(item, ImplItem::Type(_)));
        return Some(());
    }
    let mut kept = Vec::new();
    for mut each in std::mem::take(&mut item.items) {
        let attributes = match &mut each {
            ImplItem::Fn(each) => {
                each.block = nothing();
                visible(&each.vis, &mut each.attrs).map(|attributes| each.attrs = attributes)
            }
            ImplItem::Const(each) => {
                each.expr = not_shown();
                visible(&each.vis, &mut each.attrs).map(|attributes| each.attrs = attributes)
            }
            ImplItem::Type(each) => visible(&each.vis, &mut each.attrs).map(|attributes| each.attrs = attributes),
            _ => None,
        };
        if attributes.is_some() {
            kept.push(each);
        }
    }
    item.items = kept;
    (!item.items.is_empty()).then_some(())
}
