using Tenantry.Model.Manifests.Drafting;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Importing;

/// <summary>Puts what is in a service's <c>env_file</c>s among its variables, as Compose does: a later file wins over an earlier one, and <c>environment</c> over both. Pure.</summary>
internal static class EnvFilesOfService
{
    private const string Key = "env_file";
    private const string Variables = "environment";

    /// <param name="keys">The service's keys; <c>env_file</c> is taken out.</param>
    /// <param name="service">Its name.</param>
    /// <param name="read">The text of a file by its path as the Compose file writes it, or null.</param>
    /// <param name="notes">What is not there, or taken otherwise than some versions of Compose do.</param>
    /// <exception cref="ComposeImportException">A file cannot be understood. No value of it is told.</exception>
    public static void Take(Dictionary<string, YamlValue> keys, string service, Func<string, string?> read, List<ImportNote> notes)
    {
        if (!keys.Remove(Key, out var written))
            return;
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, line) in Paths(written))
        {
            if (read(path) is not { } text)
            {
                notes.Add(new ImportNote(line, $"{path}, an env_file of '{service}', is no file that can be read; it is left out."));
                continue;
            }

            foreach (var (name, value) in Read(text, path, line))
            {
                values[name] = value;
                if (value.Contains('$', StringComparison.Ordinal))
                    notes.Add(new ImportNote(line, $"{name} of {path} has a dollar sign, which is taken as a dollar sign; Compose 2 would read a variable there."));
            }
        }

        foreach (var (name, _) in Compose.Pairs(keys, Variables).ToList())
            values.Remove(name);
        if (values.Count > 0)
            keys[Variables] = With(keys.GetValueOrDefault(Variables), values, written);
    }

    private static IReadOnlyDictionary<string, string> Read(string text, string path, int line)
    {
        try
        {
            return EnvFile.Read(text, literal: true);
        }
        catch (EnvFileException wrong)
        {
            throw new ComposeImportException(line, $"{path}:{wrong.Line}: {wrong.Message}");
        }
    }

    // A path, a list of paths, or of mappings with a path each.
    private static IEnumerable<(string Path, int Line)> Paths(YamlValue written) => written switch
    {
        YamlList list => list.Items.SelectMany(Paths),
        YamlMapping mapping when Compose.Text(mapping, "path") is { } path => [(Compose.Literal(path), mapping.Start.Line)],
        YamlText { IsNull: false } text => [(Compose.Literal(text.Text), text.Start.Line)],
        _ => [],
    };

    private static YamlValue With(YamlValue? present, SortedDictionary<string, string> values, YamlValue at)
    {
        YamlText Text(string text) => new(at.Start, at.End, text, plain: false);
        // As Compose writes a dollar.
        static string Doubled(string value) => value.Replace("$", "$$", StringComparison.Ordinal);
        return present is YamlList list
            ? new YamlList(list.Start, list.End, [.. list.Items, .. values.Select(pair => Text($"{pair.Key}={Doubled(pair.Value)}"))])
            : new YamlMapping(at.Start, at.End, [.. (present as YamlMapping)?.Entries ?? [], .. values.Select(pair => new YamlEntry(Text(pair.Key), Text(Doubled(pair.Value))))]);
    }
}
