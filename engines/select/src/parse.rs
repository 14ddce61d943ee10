//! From the text of an expression to a [`Query`].
//!
//! The parser of `sqlparser` reads tokens and expressions. The statement around them is S3 Select's own, and so are `IS MISSING`, paths behind
//! the source, and moments between backticks.

use sqlparser::ast::{Expr as Sql, Ident};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError};

use crate::error::{self, SelectError};
use crate::lower::Lowering;
use crate::query::{Item, Items, Name, Query, Source, SourceStep, Step};

/// How deep expressions may be nested.
const MAX_DEPTH: usize = 40;
/// How many operators and brackets an expression may have: the parser builds a tree that is as deep as a chain of operators is long.
const MAX_OPERATORS: usize = 1000;

/// Words that parentheses may stand behind.
const BEFORE_PARENTHESES: [&str; 47] = [
    "ALL",
    "AND",
    "AVG",
    "BETWEEN",
    "BOTH",
    "CASE",
    "CAST",
    "CHAR",
    "CHARACTER",
    "CHARACTER_LENGTH",
    "CHAR_LENGTH",
    "COALESCE",
    "COUNT",
    "DATE_ADD",
    "DATE_DIFF",
    "DEC",
    "DECIMAL",
    "DISTINCT",
    "ELSE",
    "ESCAPE",
    "EXTRACT",
    "FLOAT",
    "FOR",
    "FROM",
    "IN",
    "LEADING",
    "LIKE",
    "LOWER",
    "MAX",
    "MIN",
    "NOT",
    "NULLIF",
    "NUMERIC",
    "OR",
    "SELECT",
    "SUBSTRING",
    "SUM",
    "THEN",
    "TO_STRING",
    "TO_TIMESTAMP",
    "TRAILING",
    "TRIM",
    "UPPER",
    "UTCNOW",
    "VARCHAR",
    "WHEN",
    "WHERE",
];

#[derive(Debug)]
struct S3Select;

impl Dialect for S3Select {
    fn is_delimited_identifier_start(&self, char: char) -> bool {
        matches!(char, '"' | '`')
    }

    fn is_identifier_start(&self, char: char) -> bool {
        char.is_alphabetic() || char == '_'
    }

    fn is_identifier_part(&self, char: char) -> bool {
        char.is_alphanumeric() || matches!(char, '_' | '$')
    }

    /// No second attempt with a keyword as a name: attempts within attempts would take exponential time.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        keyword != Keyword::NoKeyword
    }
}

/// A word without quotes, in upper case.
fn word(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
        _ => None,
    }
}

pub(crate) fn query(expression: &str) -> Result<Query, SelectError> {
    let mut tokens = Tokenizer::new(&S3Select, expression).tokenize_with_location().map_err(lexer)?;
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    check_size(&tokens)?;
    let parser = Parser::new(&S3Select).with_recursion_limit(MAX_DEPTH).with_tokens_with_locations(adapt(tokens)?);
    Statement { parser }.read()
}

fn check_size(tokens: &[TokenWithSpan]) -> Result<(), SelectError> {
    let counts = |token: &&TokenWithSpan| match &token.token {
        Token::Word(word) => {
            matches!(word.keyword, Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::CASE | Keyword::IS)
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Comma | Token::Period => false,
        _ => true,
    };
    if tokens.iter().filter(counts).count() > MAX_OPERATORS { Err(error::too_complex()) } else { Ok(()) }
}

/// Says in the parser's words what it would not understand: `IS MISSING` becomes `IS UNKNOWN`, which S3 Select does not have, and an end that is
/// trimmed of nothing in particular is trimmed of spaces.
fn adapt(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SelectError> {
    let mut adapted = Vec::with_capacity(tokens.len());
    let mut before = [None, None];
    for mut token in tokens {
        let found = word(&token);
        let [second, first] = before;
        let behind_is =
            first.as_deref() == Some("IS") || (second.as_deref() == Some("IS") && first.as_deref() == Some("NOT"));
        match found.as_deref() {
            Some("UNKNOWN") if behind_is => return Err(unexpected(&token)),
            Some("MISSING") if behind_is => token.token = Token::make_keyword("UNKNOWN"),
            // The parser knows more than S3 Select does, and takes exponential time for some of it.
            None if token.token == Token::LParen
                && first.as_deref().is_some_and(|word| !BEFORE_PARENTHESES.contains(&word)) =>
            {
                return Err(error::unknown_function());
            }
            None if matches!(token.token, Token::LBrace) => return Err(unexpected(&token)),
            Some("FROM") if matches!(first.as_deref(), Some("LEADING" | "TRAILING" | "BOTH")) => {
                adapted.push(TokenWithSpan::wrap(Token::SingleQuotedString(" ".to_owned())));
            }
            _ => {}
        }
        adapted.push(token);
        before = [first, found];
    }
    Ok(adapted)
}

fn lexer(error: TokenizerError) -> SelectError {
    let Location { line, column } = error.location;
    let code = if error.message.starts_with("Unterminated") { "LexerInvalidLiteral" } else { "LexerInvalidChar" };
    let what = if code == "LexerInvalidChar" { "character" } else { "literal" };
    SelectError::new(code, format!("Invalid {what} at line {line}, column {column}."))
}

/// What a parser's error is to S3 Select. Its text tells what was expected, and what stood there.
fn syntax(error: ParserError) -> SelectError {
    match error {
        ParserError::RecursionLimitExceeded => error::too_complex(),
        ParserError::TokenizerError(text) => SelectError::new("LexerInvalidChar", text),
        ParserError::ParserError(text) => SelectError::new("ParseUnexpectedToken", text),
    }
}

fn unexpected(token: &TokenWithSpan) -> SelectError {
    let Location { line, column } = token.span.start;
    let (kind, text) = match &token.token {
        Token::EOF => return SelectError::new("ParseUnexpectedToken", "Unexpected end of the SQL expression."),
        Token::Word(word) if word.keyword != Keyword::NoKeyword && word.quote_style.is_none() => {
            ("KEYWORD", word.value.to_lowercase())
        }
        Token::Word(word) => ("IDENTIFIER", word.value.clone()),
        other => ("TOKEN", other.to_string()),
    };
    SelectError::new(
        "ParseUnexpectedToken",
        format!("Unexpected token found {kind}:{text} at line {line}, column {column}."),
    )
}

struct Statement<'a> {
    parser: Parser<'a>,
}

impl Statement<'_> {
    fn read(mut self) -> Result<Query, SelectError> {
        if !self.keyword("SELECT") {
            return Err(match word(self.parser.peek_token_ref()) {
                Some(_) => SelectError::new("UnsupportedSqlOperation", "S3 encountered an unsupported SQL operation."),
                None => unexpected(self.parser.peek_token_ref()),
            });
        }
        let selected = self.selected()?;
        if !self.keyword("FROM") {
            return Err(match self.parser.peek_token_ref().token {
                Token::EOF => SelectError::new(
                    "ParseSelectMissingFrom",
                    "The SQL expression contains a missing FROM after the SELECT list.",
                ),
                _ => unexpected(self.parser.peek_token_ref()),
            });
        }
        let source = self.source()?;
        let condition = if self.keyword("WHERE") { Some(self.expression()?) } else { None };
        if self.keyword("GROUP") || self.keyword("HAVING") || self.keyword("ORDER") {
            return Err(error::structure());
        }
        let limit = if self.keyword("LIMIT") { Some(self.limit()?) } else { None };
        let _ = self.parser.consume_token(&Token::SemiColon);
        if self.parser.peek_token_ref().token != Token::EOF {
            return Err(unexpected(self.parser.peek_token_ref()));
        }
        self.lower(selected, source, condition, limit)
    }

    fn keyword(&mut self, wanted: &str) -> bool {
        let found = word(self.parser.peek_token_ref()).is_some_and(|word| word == wanted);
        if found {
            self.parser.advance_token();
        }
        found
    }

    fn expression(&mut self) -> Result<Sql, SelectError> {
        self.parser.parse_expr().map_err(syntax)
    }

    /// The expressions of the list with their names, or `None` for whole records.
    fn selected(&mut self) -> Result<Selected, SelectError> {
        match word(self.parser.peek_token_ref()).as_deref() {
            Some("FROM") => return Err(error::empty_select()),
            Some("DISTINCT" | "ALL") => return Err(error::structure()),
            _ => {}
        }
        let alone = |parser: &Parser<'_>| match parser.peek_token_ref().token {
            Token::Comma => Err(SelectError::new(
                "ParseAsteriskIsNotAloneInSelectList",
                "Other expressions are not allowed in the SELECT list when * is used without dot notation in the SQL expression.",
            )),
            _ => Ok(()),
        };
        if self.parser.consume_token(&Token::Mul) {
            alone(&self.parser)?;
            return Ok(Selected::All(None));
        }
        let mut list = Vec::new();
        loop {
            if self.parser.peek_token_ref().token == Token::Mul {
                return Err(SelectError::new(
                    "ParseInvalidContextForWildcardInSelectList",
                    "The use of * in the SELECT list in the SQL expression is not valid.",
                ));
            }
            let expr = self.expression()?;
            if self.parser.peek_token_ref().token == Token::Period && list.is_empty() {
                self.parser.advance_token();
                let Sql::Identifier(name) = expr else { return Err(unexpected(self.parser.peek_token_ref())) };
                if !self.parser.consume_token(&Token::Mul) {
                    return Err(unexpected(self.parser.peek_token_ref()));
                }
                alone(&self.parser)?;
                return Ok(Selected::All(Some(name_of(&name))));
            }
            let alias = if self.keyword("AS") { Some(self.name()?) } else { self.free_name() };
            list.push((expr, alias));
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(Selected::List(list));
            }
        }
    }

    /// A name that must be there.
    fn name(&mut self) -> Result<Name, SelectError> {
        match &self.parser.peek_token_ref().token {
            Token::Word(word) if word.quote_style != Some('`') => {
                let name = Name { text: word.value.clone(), exact: word.quote_style.is_some() };
                self.parser.advance_token();
                Ok(name)
            }
            _ => Err(SelectError::new(
                "ParseExpectedIdentForAlias",
                "The expected identifier for the alias in the SQL expression was not found.",
            )),
        }
    }

    /// A name that stands here, if it cannot be the word that begins a clause.
    fn free_name(&mut self) -> Option<Name> {
        const CLAUSES: [&str; 14] = [
            "FROM", "WHERE", "LIMIT", "GROUP", "ORDER", "HAVING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS",
            "NATURAL", "AT",
        ];
        let token = self.parser.peek_token_ref();
        if word(token).is_some_and(|word| CLAUSES.contains(&word.as_str())) {
            return None;
        }
        self.name().ok()
    }

    fn source(&mut self) -> Result<Source, SelectError> {
        match &self.parser.peek_token_ref().token {
            Token::Word(word) if word.value.eq_ignore_ascii_case("S3Object") => self.parser.advance_token(),
            Token::Word(_) => return Err(error::unknown_source()),
            _ => return Err(unexpected(self.parser.peek_token_ref())),
        }
        let mut path = Vec::new();
        // What the record is called when the query does not say: after the last step, or by number after a wildcard.
        let mut alias = Name { text: "S3Object".to_owned(), exact: false };
        let mut wild = false;
        loop {
            let step = if self.parser.consume_token(&Token::LBracket) {
                let step = self.bracket()?;
                self.expect(&Token::RBracket)?;
                step
            } else if self.parser.consume_token(&Token::Period) {
                match self.parser.consume_token(&Token::Mul) {
                    true => SourceStep::Members,
                    false => SourceStep::Step(Step::Member(self.name().map_err(|_| invalid_component())?)),
                }
            } else {
                break;
            };
            alias = match &step {
                SourceStep::Step(Step::Member(name)) => name.clone(),
                _ => Name { text: "_1".to_owned(), exact: false },
            };
            // The values of the object are always a list, which the first wildcard is about.
            match (wild, &step) {
                (false, SourceStep::Elements) => wild = true,
                (false, _) => return Err(error::key_path()),
                (true, _) => path.push(step),
            }
        }
        let explicit = if self.keyword("AS") { Some(self.name()?) } else { self.free_name() };
        let alias = explicit.unwrap_or(alias);
        match word(self.parser.peek_token_ref()).as_deref() {
            Some("JOIN" | "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS" | "NATURAL") => {
                return Err(SelectError::new("ParseMalformedJoin", "JOIN is not supported in the SQL expression."));
            }
            Some("AT") => return Err(error::unsupported()),
            _ if self.parser.peek_token_ref().token == Token::Comma => {
                return Err(SelectError::new(
                    "MultipleDataSourcesUnsupported",
                    "Multiple data sources are not supported.",
                ));
            }
            _ => {}
        }
        Ok(Source { path, alias })
    }

    /// What stands in brackets behind the source.
    fn bracket(&mut self) -> Result<SourceStep, SelectError> {
        let step = match &self.parser.peek_token_ref().token {
            Token::Mul => SourceStep::Elements,
            Token::Number(digits, _) => {
                SourceStep::Step(Step::Element(digits.parse().map_err(|_| invalid_component())?))
            }
            Token::SingleQuotedString(name) => SourceStep::Step(Step::Member(Name { text: name.clone(), exact: true })),
            _ => return Err(invalid_component()),
        };
        self.parser.advance_token();
        Ok(step)
    }

    fn expect(&mut self, token: &Token) -> Result<(), SelectError> {
        match self.parser.consume_token(token) {
            true => Ok(()),
            false => Err(unexpected(self.parser.peek_token_ref())),
        }
    }

    fn limit(&mut self) -> Result<u64, SelectError> {
        if self.parser.consume_token(&Token::Minus) {
            return Err(error::negative_limit());
        }
        let limit = match &self.parser.peek_token_ref().token {
            Token::Number(digits, _) => digits.parse().ok(),
            _ => None,
        };
        self.parser.advance_token();
        limit.ok_or_else(|| {
            SelectError::new("ParseExpectedNumber", "The expected number in the SQL expression was not found.")
        })
    }

    fn lower(
        self,
        selected: Selected,
        source: Source,
        condition: Option<Sql>,
        limit: Option<u64>,
    ) -> Result<Query, SelectError> {
        let mut lowering = Lowering::new(source.alias.clone());
        let condition = condition.map(|condition| lowering.without_aggregates(&condition)).transpose()?;
        let items = match selected {
            Selected::All(None) => Items::All,
            Selected::All(Some(name)) if name.matches(&source.alias) => Items::All,
            Selected::All(Some(_)) => return Err(error::unknown_source()),
            Selected::List(list) => {
                let mut items = Vec::with_capacity(list.len());
                for (at, (expr, alias)) in list.into_iter().enumerate() {
                    let value = lowering.expression(&expr)?;
                    let name = alias.map(|alias| alias.text).or_else(|| lowering.name_of(&value));
                    items.push(Item { name: name.unwrap_or_else(|| format!("_{}", at + 1)), value });
                }
                Items::List(items)
            }
        };
        let (aggregates, paths) = lowering.finish()?;
        Ok(Query { items, source, condition, limit, aggregates, paths })
    }
}

enum Selected {
    /// `*`, or the record's name with it.
    All(Option<Name>),
    List(Vec<(Sql, Option<Name>)>),
}

pub(crate) fn name_of(ident: &Ident) -> Name {
    Name { text: ident.value.clone(), exact: ident.quote_style.is_some() }
}

fn invalid_component() -> SelectError {
    SelectError::new("ParseInvalidPathComponent", "The SQL expression contains a path component that is not valid.")
}
