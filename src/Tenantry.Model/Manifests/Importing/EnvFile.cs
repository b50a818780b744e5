using System.Text;

namespace Tenantry.Model.Manifests.Importing;

/// <summary>Compose's file <c>.env</c>: a variable a line. Pure.</summary>
public static class EnvFile
{
    /// <summary>Its variables. A name without a value stands for the caller's own and is left out.</summary>
    /// <exception cref="EnvFileException">A line is none of a variable, or a quote is not closed. No value is in the message.</exception>
    /// <param name="text">Its content.</param>
    /// <param name="literal">True: a dollar sign stands for itself; false: <c>$NAME</c> and <c>${NAME}</c> stand for earlier variables.</param>
    public static IReadOnlyDictionary<string, string> Read(string text, bool literal = false)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].TrimStart('\uFEFF').Trim();
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line.StartsWith("export ", StringComparison.Ordinal))
                line = line["export ".Length..].TrimStart();
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var name = (equals < 0 ? line : line[..equals]).TrimEnd();
            if (!ComposeVariables.IsName(name))
                throw new EnvFileException(i + 1, "A line is NAME=VALUE; a name has letters, digits and underscores, and begins with no digit.");
            if (equals < 0)
                continue;
            var value = line[(equals + 1)..].TrimStart();
            var begin = i;

            // A value in quotes may go on over the next lines.
            while (value.Length > 0 && value[0] is '"' or '\'' && End(value) < 0)
            {
                if (++i == lines.Length)
                    throw new EnvFileException(begin + 1, $"The quote of {name} is never closed.");
                value += "\n" + lines[i];
            }

            found[name] = Value(value, literal ? Itself : part => ComposeVariables.Plain(part, other => found.GetValueOrDefault(other)));
        }

        return found;
    }

    private static string Value(string written, Func<string, string> expanded)
    {
        if (written.StartsWith('\''))
            return written[1..End(written)];
        if (written.StartsWith('"'))
            return Unescaped(expanded(written[1..End(written)]));
        var comment = written.StartsWith('#') ? 0 : written.IndexOf(" #", StringComparison.Ordinal);
        return expanded((comment < 0 ? written : written[..comment]).TrimEnd());
    }

    private static string Itself(string part) => part;

    // Where the quote that the text begins with is closed, or -1.
    private static int End(string text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '\\' && text[0] == '"')
                i++;
            else if (text[i] == text[0])
                return i;
        }

        return -1;
    }

    private static string Unescaped(string text)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i]);
                continue;
            }

            i++;
            result.Append(text[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', var other => other });
        }

        return result.ToString();
    }
}

/// <summary>A file <c>.env</c> that cannot be read. The message says why, and holds no value.</summary>
public sealed class EnvFileException(int line, string message) : Exception(message)
{
    /// <summary>Where, from 1.</summary>
    public int Line { get; } = line;
}
