using System.Text;
using System.Text.RegularExpressions;

namespace Tenantry.Model.Builds;

/// <summary>
/// Which files a <c>.dockerignore</c> keeps out of a build, by Docker's own rules: patterns are relative to the folder that it lies in, <c>*</c> and <c>?</c> stay within a name,
/// <c>**</c> crosses folders, <c>[a-z]</c> is a set, a backslash takes a character as it is, a pattern that matches a folder means all below it, <c>!</c> takes back, and the last pattern that matches decides.
/// </summary>
public sealed class DockerIgnore
{
    /// <summary>The file's name.</summary>
    public const string FileName = ".dockerignore";

    private readonly IReadOnlyList<(bool Ignores, Regex Pattern)> _patterns;

    private DockerIgnore(IReadOnlyList<(bool Ignores, Regex Pattern)> patterns) => _patterns = patterns;

    /// <summary>Keeps nothing out.</summary>
    public static DockerIgnore Nothing { get; } = new([]);

    /// <summary>Reads the file's text.</summary>
    /// <exception cref="FormatException">A pattern cannot be read; the message names its line.</exception>
    public static DockerIgnore Read(string text)
    {
        var patterns = new List<(bool, Regex)>();
        var lines = text.TrimStart('\uFEFF').ReplaceLineEndings("\n").Split('\n');
        for (var number = 1; number <= lines.Length; number++)
        {
            var line = lines[number - 1];
            if (line.StartsWith('#') || line.Trim() is not { Length: > 0 } pattern)
                continue;
            var takesBack = pattern.StartsWith('!');
            var names = Clean(takesBack ? pattern[1..].Trim() : pattern);
            if (names.Length == 0)
                continue;
            try
            {
                patterns.Add((!takesBack, new Regex(Expression(names), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)));
            }
            catch (ArgumentException wrong)
            {
                throw new FormatException($"{FileName}:{number}: '{pattern}' is not a pattern.", wrong);
            }
        }

        return new(patterns);
    }

    /// <summary>Whether a file is kept out.</summary>
    /// <param name="path">Relative to the folder of the file, with <c>/</c> between its names.</param>
    public bool Ignores(string path)
    {
        var ignored = false;
        foreach (var (ignores, pattern) in _patterns)
            if (ignored != ignores && pattern.IsMatch(path))
                ignored = ignores;
        return ignored;
    }

    private static string Clean(string pattern)
    {
        var names = new List<string>();
        foreach (var name in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name == "..")
                names = names.Count > 0 ? names[..^1] : names;
            else if (name != ".")
                names.Add(name);
        }

        return string.Join('/', names);
    }

    private static string Expression(string pattern)
    {
        var expression = new StringBuilder("^");
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    i++;
                    if (i + 1 < pattern.Length && pattern[i + 1] == '/')
                        i++;
                    expression.Append(i + 1 == pattern.Length ? ".*" : "(.*/)?");
                    break;
                case '*':
                    expression.Append("[^/]*");
                    break;
                case '?':
                    expression.Append("[^/]");
                    break;
                case '[':
                    var end = pattern.IndexOf(']', i + 1);
                    if (end < 0)
                        throw new ArgumentException("A set is not closed.");
                    expression.Append(pattern, i, end - i + 1);
                    i = end;
                    break;
                case '\\' when i + 1 < pattern.Length:
                    expression.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    expression.Append(Regex.Escape(pattern[i].ToString()));
                    break;
            }
        }

        return expression.Append("(/.*)?$").ToString();
    }
}
