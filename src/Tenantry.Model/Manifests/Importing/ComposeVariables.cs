using System.Text;
using Tenantry.Model.Manifests.Drafting;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Importing;

/// <summary>
/// Replaces Compose's own variables in a file's services as Compose does. What a secret's variable holds goes into containers' variables alone, which become
/// secrets by that; everywhere else it would be printed, and is left out and named. Pure.
/// </summary>
/// <param name="value">A variable's value, or null when it is not set.</param>
/// <param name="notes">What is not set, or left out.</param>
internal sealed class ComposeVariables(Func<string, string?> value, List<ImportNote> notes)
{
    private readonly HashSet<string> _secrets = new(StringComparer.Ordinal);

    private enum Level
    {
        Services,
        Service,
        Environment,
        Other,
    }

    /// <summary>Names of containers' variables whose values hold a secret.</summary>
    public IReadOnlySet<string> Secrets => _secrets;

    /// <summary>The services with their variables replaced. Dollars of values are doubled, as Compose writes a dollar.</summary>
    /// <exception cref="ComposeImportException">One is not set that must be.</exception>
    public YamlMapping Resolve(YamlMapping services) => Mapping(services, Level.Services);

    /// <summary>True for what can be a variable's name.</summary>
    public static bool IsName(string text) => text.Length > 0 && Variable.IsFirst(text[0]) && text.All(Variable.IsNext);

    /// <summary>A text outside of a Compose file with its variables replaced; one that is not set is empty.</summary>
    public static string Plain(string text, Func<string, string?> value) => Replace(text, variable => PlainValue(variable, value), dollar: "$");

    private static string PlainValue(Variable variable, Func<string, string?> value) => Choose(variable, value(variable.Name)) switch
    {
        { IsArgument: true } => Plain(variable.Argument, value),
        var (chosen, _) => chosen ?? "",
    };

    private YamlMapping Mapping(YamlMapping mapping, Level level) => new(
        mapping.Start, mapping.End, [.. mapping.Entries.Select(entry => entry with { Value = Value(entry.Value, Below(level, entry.Key.Text), entry.Key.Text) })]);

    private static Level Below(Level level, string key) => level switch
    {
        Level.Services => Level.Service,
        Level.Service when key == "environment" => Level.Environment,
        Level.Service or Level.Environment when key == "<<" => level,
        Level.Environment => Level.Environment,
        _ => Level.Other,
    };

    private YamlValue Value(YamlValue written, Level level, string key) => written switch
    {
        YamlMapping mapping => Mapping(mapping, level),
        YamlList list => new YamlList(list.Start, list.End, [.. list.Items.Select(item => Value(item, level, level == Level.Environment && item is YamlText text ? text.Text.Split('=', 2)[0] : key))]),
        YamlText text => new YamlText(text.Start, text.End, Text(text, level, key), text.IsPlain),
        _ => written,
    };

    private string Text(YamlText text, Level level, string key)
    {
        var line = text.Start.Line;
        return Replace(
            text.Text,
            variable =>
            {
                if (!SecretGuess.IsSecret(variable.Name))
                    return Told(variable, line);
                if (level == Level.Environment)
                {
                    _secrets.Add(key);
                    return Told(variable, line);
                }

                notes.Add(new ImportNote(line, $"'{key}' holds the value of {variable.Name}, which is a secret's by its name: it is left out. Give it to the app as a variable."));
                return "";
            },
            dollar: "$$");
    }

    private string Told(Variable variable, int line)
    {
        var set = value(variable.Name);
        var (chosen, isArgument) = Choose(variable, set);
        if (isArgument)
            return Replace(variable.Argument, inner => Told(inner, line), dollar: "$$");
        if (chosen is not null)
            return chosen.Replace("$", "$$", StringComparison.Ordinal);
        if (variable.Operator.EndsWith('?'))
            throw new ComposeImportException(line, $"{variable.Name} is not set: {(variable.Argument.Length > 0 ? variable.Argument : "it must be")}. Set it in the file .env beside this one, or in the environment.");
        if (!SecretGuess.IsSecret(variable.Name) && variable.Operator.Length == 0)
            notes.Add(new ImportNote(line, $"{variable.Name} is set neither in .env nor in the environment; it is empty, as for Compose."));
        return "";
    }

    // What takes the variable's place: its value, its argument, or nothing.
    private static (string? Chosen, bool IsArgument) Choose(Variable variable, string? set)
    {
        var has = variable.Operator.StartsWith(':') ? set is { Length: > 0 } : set is not null;
        return variable.Operator.TrimStart(':') switch
        {
            "-" => has ? (set, false) : (null, true),
            "+" => has ? (null, true) : ("", false),
            "?" => has ? (set, false) : (null, false),
            _ => (set, false),
        };
    }

    private static string Replace(string text, Func<Variable, string> with, string dollar)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '$')
            {
                result.Append(text[i++]);
            }
            else if (i + 1 < text.Length && text[i + 1] == '$')
            {
                result.Append(dollar);
                i += 2;
            }
            else if (Variable.TryRead(text, i, out var variable, out var end))
            {
                result.Append(with(variable));
                i = end;
            }
            else
            {
                result.Append(text[i++]);
            }
        }

        return result.ToString();
    }

    /// <summary>A variable as it is written: <c>$NAME</c>, or <c>${NAME}</c> with an operator and its argument.</summary>
    private readonly record struct Variable(string Name, string Operator, string Argument)
    {
        private static readonly string[] Operators = [":-", ":?", ":+", "-", "?", "+"];

        public static bool IsFirst(char letter) => char.IsAsciiLetter(letter) || letter == '_';

        public static bool IsNext(char letter) => IsFirst(letter) || char.IsAsciiDigit(letter);

        /// <summary>Reads the one that begins at a dollar; false for a dollar that is none's.</summary>
        public static bool TryRead(string text, int dollar, out Variable variable, out int end)
        {
            variable = default;
            var isBraced = dollar + 1 < text.Length && text[dollar + 1] == '{';
            var begin = end = dollar + (isBraced ? 2 : 1);
            while (end < text.Length && (end == begin ? IsFirst(text[end]) : IsNext(text[end])))
                end++;
            if (end == begin)
                return false;
            var name = text[begin..end];
            if (!isBraced)
            {
                variable = new Variable(name, "", "");
                return true;
            }

            var close = CloseOf(text, end);
            if (close < 0)
                return false;
            var rest = text[end..close];
            var used = Array.Find(Operators, one => rest.StartsWith(one, StringComparison.Ordinal));
            if (rest.Length > 0 && used is null)
                return false;
            variable = new Variable(name, used ?? "", rest[(used ?? "").Length..]);
            end = close + 1;
            return true;
        }

        // The brace that closes, past those of variables inside the argument.
        private static int CloseOf(string text, int from)
        {
            for (var (i, depth) = (from, 0); i < text.Length; i++)
            {
                if (text[i] == '{' && text[i - 1] == '$')
                    depth++;
                else if (text[i] == '}' && depth-- == 0)
                    return i;
            }

            return -1;
        }
    }
}
