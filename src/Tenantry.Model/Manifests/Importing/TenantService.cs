using System.Text.RegularExpressions;
using Tenantry.Model.Manifests.Drafting;
using Tenantry.Model.Manifests.Yaml;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Importing;

/// <summary>A service of the Compose file that is a tenant's, and what is the tenant's alone in it.</summary>
internal sealed class TenantService
{
    // What every instance has anyway, or what is told by other means.
    private static readonly HashSet<string> Known = new(
        [
            "image", "build", "command", "entrypoint", "environment", "volumes", "healthcheck", "deploy", "mem_limit", "cpus", "mem_reservation", "working_dir", "user", "stop_signal", "stop_grace_period",
            "ports", "expose", "labels", "container_name", "restart", "logging", "read_only", "cap_drop", "security_opt", "tmpfs", "hostname", "init", "networks", "memswap_limit", "pids_limit", "platform", "pull_policy",
        ],
        StringComparer.Ordinal);

    private TenantService(string name, YamlText key, Dictionary<string, YamlValue> keys)
    {
        Name = name;
        Key = key;
        Keys = keys;
    }

    public string Name { get; }

    public YamlText Key { get; }

    public Dictionary<string, YamlValue> Keys { get; }

    public Draft Draft { get; } = new();

    public DraftService Service { get; private set; } = new("main");

    public SortedDictionary<string, string> Secrets { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Features { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Volumes { get; } = new(StringComparer.Ordinal);

    public DraftTier Limits => new(Draft.Memory, Draft.Cpu, Compose.Bytes(Reservation("memory") ?? Compose.Text(Keys, "mem_reservation")), Cores(Reservation("cpus")));

    /// <summary>The services that are tenants': those with a label that ends in <c>.tenant</c>, or else all that share the image of most.</summary>
    public static IReadOnlyList<TenantService> Find(YamlMapping services, List<ImportNote> notes)
    {
        var all = services.Entries.DistinctBy(entry => entry.Key.Text).Select(entry => (entry.Key, Keys: Compose.Merged(entry.Value))).ToList();
        var labelled = all.Where(one => TenantLabel(one.Keys) is not null).ToList();
        var image = all.Select(one => Compose.Text(one.Keys, "image")).OfType<string>().GroupBy(one => one, StringComparer.Ordinal).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).FirstOrDefault()?.Key;
        var chosen = labelled.Count > 0 ? labelled : all.Where(one => image is not null && Compose.Text(one.Keys, "image") == image).ToList();
        foreach (var (key, _) in all.Where(one => !chosen.Contains(one)))
            notes.Add(new ImportNote(key.Start.Line, $"The service '{key.Text}' is no tenant's and is left as it is."));
        var prefix = CommonPrefix([.. chosen.Select(one => one.Key.Text)]);
        var found = new List<TenantService>();
        foreach (var (key, keys) in chosen)
        {
            var written = TenantLabel(keys) ?? key.Text[prefix.Length..];
            var name = NamingRules.Check(NameKind.Tenant, written) is null ? written : NamingRules.Suggest(NameKind.Tenant, written);
            if (name != written)
                notes.Add(new ImportNote(key.Start.Line, $"The tenant '{written}' becomes '{name}', since names are lower-case letters, digits and hyphens."));
            if (found.Exists(one => one.Name == name))
                notes.Add(new ImportNote(key.Start.Line, $"The service '{key.Text}' is left out, since a tenant '{name}' is there already."));
            else
                found.Add(new TenantService(name, key, new Dictionary<string, YamlValue>(keys, StringComparer.Ordinal)));
        }

        return found;
    }

    /// <summary>Reads the service into a draft in which the tenant's own name is a reference.</summary>
    /// <param name="folder">What a build is looked for in.</param>
    /// <param name="read">The text of a file of the host by its path as the Compose file writes it, or null.</param>
    /// <param name="secrets">Names of variables that hold something secret whatever they are called.</param>
    /// <param name="notes">What is not carried over.</param>
    public void Read(IFolderView folder, Func<string, string?> read, IReadOnlySet<string> secrets, List<ImportNote> notes)
    {
        Draft.KnownSecrets.UnionWith(secrets);
        EnvFilesOfService.Take(Keys, Key.Text, read, notes);
        foreach (var (key, value) in Keys.Where(pair => !Known.Contains(pair.Key) && pair.Key != "depends_on").ToList())
        {
            notes.Add(new ImportNote(value.Start.Line, $"'{key}' of '{Key.Text}' has no place in a manifest and is left out."));
            Keys.Remove(key);
        }

        if (Keys.Remove("depends_on", out var others))
            notes.Add(new ImportNote(others.Start.Line, $"'{Key.Text}' depends on services of other instances; that is left out."));
        if (Keys.Remove("ports", out var ports))
        {
            notes.Add(new ImportNote(ports.Start.Line, $"Published ports of '{Key.Text}' are left out: the gateway leads to the instance by its host name."));
            Keys["expose"] = ports;
        }

        var files = TakeMounts(read, notes);
        var secret = Compose.Pairs(Keys, "environment").Where(pair => Draft.IsSecret(pair.Name)).ToList();
        Service = ComposeReader.ReadOne(Draft, folder, Key.Text, "main", Keys);
        foreach (var (name, value) in secret.Where(pair => Draft.SecretVariables.Contains(pair.Name)))
        {
            if (value is not null && Compose.Literal(value) is { Length: > 0 } literal)
                Secrets[SecretGuess.NameOf(name)] = literal;
            else
                notes.Add(new ImportNote(Keys["environment"].Start.Line, $"{name} of '{Key.Text}' comes from outside of the file: set it with 'tenantry secret set'."));
        }

        foreach (var (path, (name, text)) in files)
        {
            Service.Files[path] = name;
            Draft.FileSecrets.Add(name);
            Secrets[name] = text;
        }

        foreach (var (name, value) in Service.Env.ToList())
            Service.Env[name] = Own().Replace(value, "${tenant.name}");
        foreach (var note in Draft.Notes)
            notes.Add(new ImportNote(Key.Start.Line, note));
    }

    // Files of the host become secrets: what is in a tenant's configuration is the tenant's alone, and often a key.
    private Dictionary<string, (string Name, string Text)> TakeMounts(Func<string, string?> read, List<ImportNote> notes)
    {
        var files = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        var kept = new List<YamlValue>();
        foreach (var item in Keys.GetValueOrDefault("volumes") is YamlList list ? list.Items : [])
        {
            var (source, target) = Compose.Volume(item);
            if (target is null || source is null)
            {
                kept.Add(item);
            }
            else if (source[0] is not ('.' or '/' or '~' or '$'))
            {
                var volume = NamingRules.Suggest(NameKind.Volume, Own().Replace(source, "").Trim('-', '_') is { Length: > 0 } rest ? rest : "data");
                Volumes[target.TrimEnd('/')] = volume;
                kept.Add(new YamlText(item.Start, item.End, $"{volume}:{target}", plain: true));
            }
            else if (read(source) is { } text)
            {
                files[target] = (SecretName().Replace(Path.GetFileName(target), "-").Trim('-').ToLowerInvariant() is { Length: > 0 } name && char.IsAsciiLetter(name[0]) ? name : "file-" + files.Count, text);
            }
            else
            {
                notes.Add(new ImportNote(item.Start.Line, $"{target} of '{Key.Text}' comes from {source} of the host, which is no file that can be read; it is left out."));
            }
        }

        if (Keys.GetValueOrDefault("volumes") is { } volumes)
            Keys["volumes"] = new YamlList(volumes.Start, volumes.End, kept);
        return files;
    }

    private Regex Own() => new($"(?<![A-Za-z0-9]){Regex.Escape(Name)}(?![A-Za-z0-9])", RegexOptions.None, TimeSpan.FromSeconds(1));

    private string? Reservation(string key) => Compose.Text(((Keys.GetValueOrDefault("deploy") as YamlMapping)?.Find("resources") as YamlMapping)?.Find("reservations"), key);

    private static decimal? Cores(string? text) =>
        decimal.TryParse(text, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var cores) && cores > 0 ? decimal.Round(cores, 2) : null;

    private static string? TenantLabel(IReadOnlyDictionary<string, YamlValue> keys) =>
        Compose.Pairs(keys, "labels").FirstOrDefault(pair => pair.Name.EndsWith(".tenant", StringComparison.Ordinal)).Value;

    // Up to a separator, so that 'tenant-a' and 'tenant-b' are a and b, and 'shop' and 'shed' themselves.
    private static string CommonPrefix(IReadOnlyList<string> names)
    {
        if (names.Count < 2)
            return names is [var one] && one.StartsWith("tenant-", StringComparison.Ordinal) ? "tenant-" : "";
        var length = 0;
        while (names.All(name => name.Length > length + 1 && name[length] == names[0][length]))
            length++;
        return names[0][..(names[0][..length].LastIndexOfAny(['-', '_']) + 1)];
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "SYSLIB1045", Justification = "Made once for each file.")]
    private static Regex SecretName() => new("[^A-Za-z0-9_-]+", RegexOptions.None, TimeSpan.FromSeconds(1));
}
