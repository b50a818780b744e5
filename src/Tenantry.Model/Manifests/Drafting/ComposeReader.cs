using System.Globalization;
using Tenantry.Model.Manifests.Yaml;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Takes the services of a Compose file, and says what of it has no place in a manifest.</summary>
internal sealed class ComposeReader(Draft draft, IFolderView folder)
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _secretsByValue = new(StringComparer.Ordinal);

    public static bool Apply(string file, Draft draft, IFolderView folder)
    {
        try
        {
            if (YamlTree.Parse(folder.Read(file) ?? "") is YamlMapping root && root.Find("services") is YamlMapping { Entries.Count: > 0 } services)
            {
                draft.Name = Compose.Text(root, "name") is { } name && Compose.Literal(name).Length > 0 ? Compose.Literal(name) : null;
                new ComposeReader(draft, folder).Read(services);
                return true;
            }
            draft.Notes.Add($"{file} has no services.");
        }
        catch (YamlSyntaxException e)
        {
            draft.Notes.Add($"{file} could not be read: line {e.Line}, column {e.Column}: {e.Message}");
        }
        return false;
    }

    /// <summary>Reads one service alone, as the whole of an app.</summary>
    public static DraftService ReadOne(Draft draft, IFolderView folder, string key, string name, IReadOnlyDictionary<string, YamlValue> keys)
    {
        var reader = new ComposeReader(draft, folder);
        reader._names[key] = name;
        reader.FindSecrets(keys);
        var service = reader.ReadService(key, new DraftService(name), keys);
        foreach (var variable in service.Env.Keys.Where(draft.SecretVariables.Contains).ToList())
            service.Env.Remove(variable);
        return service;
    }

    private void Read(YamlMapping services)
    {
        foreach (var key in services.Entries.Select(e => e.Key.Text))
        {
            var name = NamingRules.Suggest(NameKind.Service, key);
            if (_names.ContainsValue(name))
                draft.Notes.Add($"The service '{key}' is left out, since its name would be '{name}' like that of another.");
            else
                _names.TryAdd(key, name);
        }
        var kept = services.Entries.DistinctBy(e => e.Key.Text).Where(e => _names.ContainsKey(e.Key.Text)).Select(e => (Key: e.Key.Text, Keys: Compose.Merged(e.Value))).ToList();
        foreach (var (_, keys) in kept)
            FindSecrets(keys);
        foreach (var (key, keys) in kept)
            draft.Services.Add(ReadService(key, new DraftService(_names[key]) { VolumePrefix = _names[key] + "-" }, keys));
        foreach (var (service, variable) in draft.Services.SelectMany(s => s.Env.Keys.Where(draft.SecretVariables.Contains).Select(v => (s, v))).ToList())
            service.Env.Remove(variable);
        draft.Notes.AddRange(kept.SelectMany(k => WrittenSecrets(k.Keys)).Distinct(StringComparer.OrdinalIgnoreCase).Select(variable =>
            $"The value of {variable} in the Compose file is not taken over: it is a secret of each instance, {(SecretGuess.CanBeGenerated(variable) ? "generated for it; to give the old value" : "to be set")}: tenantry secret set INSTANCE {SecretGuess.NameOf(variable)}"));
    }

    private IEnumerable<string> WrittenSecrets(IReadOnlyDictionary<string, YamlValue> keys) =>
        Compose.Pairs(keys, "environment").Where(p => draft.SecretVariables.Contains(p.Name) && p.Value is { } value && Compose.Literal(value).Length > 0).Select(p => p.Name);

    private DraftService ReadService(string key, DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        service.Image = Compose.Text(keys, "image") is { } image ? ImageOf(key, image) : null;
        service.Command = [.. Words(keys, "entrypoint"), .. Words(keys, "command")];
        service.WorkingDirectory = Compose.Text(keys, "working_dir") is { } folderPath && folderPath.StartsWith('/') ? folderPath : null;
        service.User = Compose.Text(keys, "user") is { } user ? DockerfileReader.OrdinaryUser(Compose.Literal(user), draft.Notes) : null;
        service.StopSignal = Compose.Text(keys, "stop_signal");
        service.StopGrace = ProbeReader.Duration(Compose.Text(keys, "stop_grace_period"));
        ReadPorts(key, service, keys);
        ReadEnvironment(service, keys);
        ReadVolumes(key, service, keys);
        ReadHealth(service, keys);
        ReadLimits(keys);
        service.DependsOn = [.. Compose.Names(keys, "depends_on").Where(d => d != key).Select(d => _names.GetValueOrDefault(d)).OfType<string>().Distinct(StringComparer.Ordinal)];
        ReadBuild(key, service, keys);
        if (service is { Image: null, IsBuilt: false })
            service.Image = service.Name;
        foreach (var other in keys.Keys.Intersect(["env_file", "secrets", "configs", "privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "extends"], StringComparer.Ordinal))
            draft.Notes.Add($"'{other}' of the service '{key}' has no place in a manifest and is left out.");
        return service;
    }

    private void FindSecrets(IReadOnlyDictionary<string, YamlValue> keys)
    {
        foreach (var (name, value) in Compose.Pairs(keys, "environment").Where(p => draft.IsSecret(p.Name) && Shapes.MapNames.Variables.Problem(p.Name) is null))
        {
            draft.SecretVariables.Add(name);
            if (value is not null && Compose.Literal(value) is { Length: > 0 } literal)
                _secretsByValue.TryAdd(literal, SecretGuess.NameOf(name));
        }
    }

    private string? ImageOf(string key, string written)
    {
        var image = Compose.Literal(written);
        if (Description.ServiceDescription.Image is { } shape && IsRead(shape, image))
            return image;
        draft.Notes.Add($"The image '{written}' of the service '{key}' cannot be read; write a whole image reference.");
        return null;
    }

    private static bool IsRead<T>(Shapes.Shape<T> shape, string text) =>
        shape.TryRead(new YamlText(default, default, text, plain: false), "", new Shapes.ReadContext("", ""), out _);

    private static List<string> Words(IReadOnlyDictionary<string, YamlValue> keys, string key) => keys.GetValueOrDefault(key) switch
    {
        YamlText { IsNull: false } line => CommandText.Split(Compose.Literal(line.Text)) is { Problem: null } split ? [.. split.Words] : ["/bin/sh", "-c", Compose.Literal(line.Text)],
        YamlList list => [.. list.Items.OfType<YamlText>().Select(t => Compose.Literal(t.Text))],
        _ => [],
    };

    private void ReadPorts(string key, DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        foreach (var (listKey, published) in (ReadOnlySpan<(string, bool)>)[("ports", true), ("expose", false)])
        {
            foreach (var item in keys.GetValueOrDefault(listKey) is YamlList list ? list.Items : [])
            {
                var written = item is YamlMapping mapping ? $"{Compose.Text(mapping, "target")}/{Compose.Text(mapping, "protocol") ?? "tcp"}" : (item as YamlText)?.Text ?? "";
                var parts = Compose.Literal(written).Split('/');
                var target = parts[0].Split(':')[^1];
                if (parts.Length == 2 && parts[1] == "udp")
                    draft.Notes.Add($"The UDP port {parts[0]} of the service '{key}' is left out; the gateway reaches http ports only.");
                else if (!int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
                    draft.Notes.Add($"The port '{written}' of the service '{key}' is left out; ranges and variables have no place in a manifest.");
                else if (!service.Ports.Exists(p => p.Number == number))
                    service.Ports.Add(new DraftPort(number, published));
            }
        }
    }

    private void ReadEnvironment(DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        foreach (var (name, written) in Compose.Pairs(keys, "environment"))
        {
            if (Shapes.MapNames.Variables.Problem(name) is not null)
                draft.Notes.Add($"The variable '{name}' is left out, since it cannot have that name.");
            else if (draft.SecretVariables.Contains(name))
                continue;
            else if (written is null)
                draft.Notes.Add($"The variable {name} comes from outside the Compose file; give it a value in env or make it a secret.");
            else if (Compose.WithSecrets(Compose.Literal(written).Replace("${", "$${", StringComparison.Ordinal), _secretsByValue) is { } value)
                service.Env[name] = Compose.WithHosts(value, _names);
            else
                draft.SecretVariables.Add(name);
        }
    }

    private void ReadVolumes(string key, DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        foreach (var item in keys.GetValueOrDefault("volumes") is YamlList list ? list.Items : [])
        {
            var (source, target) = Compose.Volume(item);
            if (target is null)
                continue;
            if (source is not null && source.Length > 0 && source[0] is '.' or '/' or '~' or '$')
                draft.Notes.Add($"{target} of the service '{key}' comes from {source} of the host, which an instance does not see. A config file can become an entry of 'files'.");
            else if (source is null)
                DockerfileReader.AddVolume(service, target, draft.Notes);
            else if (Shapes.PathValues.AbsoluteProblem(target) is not null || Shapes.PathValues.IsReserved(target) || service.Volumes.ContainsValue(target))
                draft.Notes.Add($"The volume at {target} is left out, since a volume cannot be there.");
            else
                service.Volumes.TryAdd(NamingRules.Suggest(NameKind.Volume, source), target);
        }
    }

    private static void ReadHealth(DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        if (keys.GetValueOrDefault("healthcheck") is not YamlMapping check || Compose.Text(check, "disable") == "true")
            return;
        var probe = check.Find("test") switch
        {
            YamlText { IsNull: false } line => ProbeReader.FromShell(Compose.Literal(line.Text)),
            YamlList list when list.Items.OfType<YamlText>().Select(t => Compose.Literal(t.Text)).ToList() is var words => words switch
            {
                ["CMD", _, ..] => ProbeReader.FromWords(words[1..]),
                ["CMD-SHELL", var shell] => ProbeReader.FromShell(shell),
                _ => null,
            },
            _ => null,
        };
        service.Health = probe is null ? null : probe with
        {
            Interval = ProbeReader.Duration(Compose.Text(check, "interval")),
            Timeout = ProbeReader.Duration(Compose.Text(check, "timeout")),
            StartPeriod = ProbeReader.Duration(Compose.Text(check, "start_period")),
            Retries = ProbeReader.Count(Compose.Text(check, "retries")),
        };
    }

    private void ReadLimits(IReadOnlyDictionary<string, YamlValue> keys)
    {
        var limits = ((keys.GetValueOrDefault("deploy") as YamlMapping)?.Find("resources") as YamlMapping)?.Find("limits") as YamlMapping;
        if (Compose.Bytes(Compose.Text(limits, "memory") ?? Compose.Text(keys, "mem_limit")) is { } bytes)
            draft.Memory = (draft.Memory ?? 0) + bytes;
        if (decimal.TryParse(Compose.Text(limits, "cpus") ?? Compose.Text(keys, "cpus"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var cores) && cores is > 0 and < 100)
            draft.Cpu = (draft.Cpu ?? 0) + Math.Max(0.01m, decimal.Round(cores, 2));
    }

    private void ReadBuild(string key, DraftService service, IReadOnlyDictionary<string, YamlValue> keys)
    {
        if (keys.GetValueOrDefault("build") is not { } build)
            return;
        var context = Clean(build is YamlText text ? text.Text : Compose.Text(build, "context") ?? ".");
        var dockerfile = (context.Length == 0 ? "" : context + "/") + (Compose.Text(build, "dockerfile") ?? "Dockerfile");
        if (draft.Dockerfile is not null && draft.Dockerfile != dockerfile)
        {
            draft.Notes.Add($"The service '{key}' is built from {dockerfile}; a manifest has one build. Build that image yourself and name it under 'image'.");
            return;
        }
        if (!folder.Files.Contains(dockerfile, StringComparer.Ordinal))
        {
            draft.Notes.Add($"The service '{key}' is built from {dockerfile}, which is not here. Build that image yourself and name it under 'image'.");
            return;
        }
        draft.Dockerfile = dockerfile;
        service.IsBuilt = true;
        service.Image = null;
        DockerfileReader.Apply(folder.Read(dockerfile) ?? "", service, draft.Notes);
    }

    private static string Clean(string context) => context is "." or "./" ? "" : context.StartsWith("./", StringComparison.Ordinal) ? context[2..].TrimEnd('/') : context.TrimEnd('/');
}
