using System.Text;

namespace Tenantry.Model.Manifests;

/// <summary>Splits a command written as one line into program and arguments. Quotes hold words together; nothing is expanded.</summary>
internal static class CommandText
{
    /// <returns>The words, or the sentence that says why the line cannot be one command.</returns>
    public static (IReadOnlyList<string> Words, string? Problem) Split(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char? quote = null;
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (quote is not null)
            {
                if (c == quote)
                    quote = null;
                else if (c == '\\' && quote == '"' && i + 1 < line.Length && (line[i + 1] is '"' or '\\'))
                    (word ??= new()).Append(line[++i]);
                else
                    (word ??= new()).Append(c);
            }
            else if (c is '\'' or '"')
            {
                (quote, word) = (c, word ?? new());
            }
            else if (c is ' ' or '\t' or '\n')
            {
                if (word is not null)
                    words.Add(word.ToString());
                word = null;
            }
            else if (c == '\\' && i + 1 < line.Length)
            {
                (word ??= new()).Append(line[++i]);
            }
            else if ("|&;<>()`$*?".Contains(c, StringComparison.Ordinal))
            {
                return ([], $"'{c}' means something to a shell, and no shell reads this. Put it in quotes, or say [\"/bin/sh\", \"-c\", \"…\"].");
            }
            else
            {
                (word ??= new()).Append(c);
            }
        }
        if (quote is not null)
            return ([], $"The quote {quote} is never closed.");
        if (word is not null)
            words.Add(word.ToString());
        return (words, null);
    }
}
