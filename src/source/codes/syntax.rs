//! MP01xx: text that is not a plan, from the splitter and the parser.

use super::codes;

codes! {
    FILE_TOO_LARGE = "MP0101", "file too large",
"A plan file may be 40 MiB. Plans of a hundred thousand machines are a third of that, so a larger file is
hardly a plan: a wrong path is more likely.

Split a plan that is really so large: shared parts go into files of their own, drawn in with `use`.";

    NOT_UTF8 = "MP0102", "file is not UTF-8",
"Plans are read as UTF-8 and as nothing else: guessing an encoding could turn one name into another. The
message says at which line the first byte stands that is not UTF-8.

Save the file as UTF-8. In most editors that is an option of \"save as\"; on a command line:

    iconv -f WINDOWS-1252 -t UTF-8 old.muster > new.muster";

    UTF16 = "MP0103", "file is UTF-16",
"The file is UTF-16, which some Windows programs write when asked for \"Unicode\". Plans are UTF-8.

Save the file as UTF-8, or:

    iconv -f UTF-16 -t UTF-8 old.muster > new.muster";

    NUL_BYTE = "MP0104", "file holds a NUL byte",
"A NUL byte has no meaning in a plan. It usually comes from a damaged disk or copy, or the file is no
text at all.

Take the file from version control or a backup again. To use NUL in a text, which is hardly ever wanted,
write `\\u{0}`.";

    NOT_CLOSED = "MP0110", "bracket not closed",
"Every `{`, `[` and `(` needs its `}`, `]` or `)`. The label shows the opening one. Where the indentation
tells where the closing one is missing, the help says so; the rest of the file is read as if it stood there.

Wrong:

    group db {
      vm sql01 { os = windows }
    group app { }

Right:

    group db {
      vm sql01 { os = windows }
    }
    group app { }";

    EXTRA_CLOSER = "MP0111", "closing bracket without an opening one",
"A `}`, `]` or `)` stands where nothing of its kind is open. It is one too many, or one before it closed
something too early.

Wrong: `group db { } }`

Right: `group db { }`";

    TOO_DEEP = "MP0112", "too many brackets open at once",
"At most 64 brackets may be open at once. Plans need about five; the limit keeps hostile or damaged
files from exhausting the program.

Move the inner blocks out.";

    OPEN_TEXT = "MP0113", "text not closed on its line",
"A text in double quotes ends on the line it begins on. The label shows its opening quote. A double quote
inside a text is written `\\\"`.

Wrong:

    prompt = \"Fail the ERP over?

Right:

    prompt = \"Fail the ERP over?\"

A text of several lines stands between three quotes:

    prompt = \"\"\"
      Fail the ERP over?
      The bank has been told.
      \"\"\"";

    OPEN_BLOCK_TEXT = "MP0114", "text of several lines not closed",
"A text that begins with three double quotes ends with three, and everything up to there belongs to it;
so nothing after the opening could be read.

Wrong:

    prompt = \"\"\"
      Fail the ERP over?

Right:

    prompt = \"\"\"
      Fail the ERP over?
      \"\"\"";

    EXTRA_COMMA = "MP0115", "comma without a statement before it",
"A comma ends a statement, so one needs to stand before it. One comma at the end of a line is allowed and
not needed.

Wrong: `vm sql01 { os = windows,, optional = true }`

Right: `vm sql01 { os = windows, optional = true }`";

    NO_SEPARATOR = "MP0116", "two statements on one line",
"A statement ends at a newline, a comma or the closing brace. Two on one line need a comma.

Wrong: `limits { power_on = 20 shut_down = 40 }`

Right: `limits { power_on = 20, shut_down = 40 }`";

    UNEXPECTED = "MP0120", "text that fits no form of the language",
"There are four forms of a statement:

    use \"contoso.muster\"
    rto = 2h
    group db { … }
    db -> [app01, app02] -> web

and these values: texts, whole numbers, durations `1h30m`, sizes `64GiB`, percentages `80%`, instants
`2026-11-23T06:00:00Z`, `true`, `false`, words, paths `sql01.address`, lists `[a, b]`, calls
`common(max_age = 1h)`, and a word with a block `sim { … }`.

The message says what could have stood at the place and what stands there.

Wrong: `limits { power_on = }`

Right: `limits { power_on = 20 }`";

    WRONG_ASSIGNMENT = "MP0121", "another sign instead of `=`",
"A value is given with one `=`. There is no comparison in a statement, and no `:` or `:=`.

Wrong: `rto: 2h`, `rto == 2h`

Right: `rto = 2h`";

    WRONG_ARROW = "MP0122", "another sign instead of `->`",
"The order of a recovery is drawn with `->`: what stands right of it starts when what stands left of it
is done.

Wrong: `db => app`, `db > app`, `db --> app`

Right: `db -> app`";

    MISSING_COMMA = "MP0123", "missing comma in a list",
"The elements of a list stand on lines of their own, or have commas between them; not some so and some so,
as a forgotten comma could then not be told from a line break. Arguments of a call always have commas.

Wrong: `on = [waiting halted, ended]`

Right: `on = [waiting, halted, ended]`";

    WRONG_QUOTES = "MP0124", "other quotes than straight double ones",
"Texts stand in straight double quotes. Curved quotes come from word processors and web pages; single
quotes are no quotes here.

Wrong: `prompt = “Go?”`, `prompt = 'Go?'`

Right: `prompt = \"Go?\"`";

    BAD_NAME = "MP0125", "not a name",
"A name is letters of any script, digits, `_` and `-`. It does not begin with a digit, has no dash at
either end, and has at most 256 characters. `true`, `false` are values and no names.

A machine, group or site that is called otherwise in its estate gets a name in the plan and says what the
estate calls it.

Wrong: `vm 2fa-host { os = linux }`

Right: `vm twofa-host { name = \"2fa-host\", os = linux }`";

    NEGATIVE = "MP0126", "negative quantity",
"No quantity of a plan can be below zero: waits, ages, counts, sizes and percentages all begin there.

Wrong: `delay = -5s`

Right: `delay = 0s`";

    BAD_QUANTITY = "MP0127", "not a quantity",
"Numbers are whole and a unit follows without a space.

- durations: `d`, `h`, `m`, `s`, `ms`, from the largest to the smallest, each once: `1h30m`
- sizes: `B`, `KiB`, `MiB`, `GiB`, `TiB`, each 1024 times the one before: `64GiB`. `GB` is refused, as people
  mean either 1000 or 1024 by it
- percentages: `80%`

Wrong: `10m5`, `1h 30m`, `30m1h`, `1.5h`, `64GB`

Right: `10m5s`, `1h30m`, `1h30m`, `1h30m`, `64GiB`";

    TOO_LARGE_NUMBER = "MP0128", "number too large",
"Numbers are kept in 64 bits. What is larger is a slip of the finger.

Wrong: `power_on = 99999999999999999999`

Right: `power_on = 20`";

    BAD_INSTANT = "MP0129", "not an instant",
"An instant is a day and a time with its offset from UTC, as RFC 3339 says: `2026-11-23T06:00:00Z` or
`2026-11-23T07:00:00+01:00`. The day has to exist, and the year to lie between 1678 and 2261.

Wrong: `2026-02-30T06:00:00Z`, `2026-11-23`, `2026-11-23T06:00:00`

Right: `2026-11-23T06:00:00Z`";

    BAD_ESCAPE = "MP0130", "unknown escape in a text",
"A backslash in a text begins an escape: `\\\"`, `\\\\`, `\\n`, `\\t`, `\\${` and `\\u{e9}`. A backslash itself is
written twice, also in Windows paths.

Wrong: `run = [\"C:\\scripts\\freeze.cmd\"]`

Right: `run = [\"C:\\\\scripts\\\\freeze.cmd\"]`";

    BAD_INTERPOLATION = "MP0131", "no path in `${…}`",
"Between `${` and `}` stands a path, words with dots between, without spaces, quotes or operators. The
characters `${` themselves are written `\\${`.

Wrong: `http = \"http://${ app01.address }/health\"`

Right: `http = \"http://${app01.address}/health\"`";

    LONE_WORD = "MP0132", "a word that says nothing alone",
"A statement is more than a word: `=` gives it a value, a block says what it is made of, `->` puts it in
an order. A block without content still has its braces.

Wrong: `commit`

Right: `commit { }`";

    NO_VALUE = "MP0133", "no value after `=`",
"After `=` comes a value, on the same line or the next.

Wrong: `rto =`

Right: `rto = 2h`";

    BRACE_ON_NEXT_LINE = "MP0134", "opening brace on the next line",
"A newline ends a statement, so the opening brace of a block stands on the line of its head.

Wrong:

    group db
    {
    }

Right:

    group db {
    }";

    USE_WITHOUT_TEXT = "MP0135", "`use` without a file name in quotes",
"`use` is followed by the name of a file as a text. The file lies in the plan's folder or below it.

Wrong: `use contoso.muster`

Right: `use \"contoso.muster\"`";

    STRANGE_CHARACTER = "MP0136", "a character that is no part of the language",
"Outside of texts and comments a plan consists of names, numbers, brackets and a few signs. Characters that
look like a space and are none, or that cannot be seen at all, come with text that was copied from elsewhere.

Wrong: a no-break space between `rto` and `=`

Right: `rto = 2h` with plain spaces.";

    WRONG_SEPARATOR = "MP0137", "semicolon between statements",
"A statement ends at a newline, a comma or the closing brace. There is no semicolon.

Wrong: `limits { power_on = 20; shut_down = 40 }`

Right: `limits { power_on = 20, shut_down = 40 }`";

    WRONG_COMMENT = "MP0138", "a comment that does not begin with `#`",
"A comment begins with `#` and ends with its line; `##` documents the statement below it.

Wrong: `// cleaned up by hand`

Right: `# cleaned up by hand`";

    LOOSE_ARROW = "MP0139", "an arrow with a side missing",
"An arrow stands between two names or lists of names. A line may begin or end with it, if the chain goes on
from the line before or to the line after.

Wrong: `order { sql01 -> }`

Right: `order { sql01 -> sql02 }`";

    EMPTY_LIST = "MP0140", "an empty list of names",
"A list of names, as a label or in a chain, holds one name or more.

Wrong: `db -> [] -> web`

Right: `db -> web`";
}
