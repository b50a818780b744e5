using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Writes a draft as a commented manifest.</summary>
internal sealed partial class DraftText
{
    private const long UsualMemory = 256_000_000;

    private readonly StringBuilder _text = new();

    public DraftText(Draft draft, string folderName, IReadOnlyList<string> sources, IReadOnlyList<string> notes)
    {
        WriteHead(draft, folderName, sources, notes);
        WriteBuild(draft);
        Line(0, "services:");
        foreach (var service in draft.Services)
            WriteService(service, draft);
        WriteEntry(draft);
        WriteTiers(draft);
        WriteSecrets(draft);
        WriteEgress(draft);
    }

    public override string ToString() => _text.ToString();

    private void WriteHead(Draft draft, string folderName, IReadOnlyList<string> sources, IReadOnlyList<string> notes)
    {
        Comment(0, sources.Count == 0 ? "A first manifest. Every key is in docs/manifest.md." : $"A first manifest, made from {string.Join(", ", sources)}. Every key is in docs/manifest.md.");
        if (notes.Count > 0)
            Comment(0, "To look at:");
        foreach (var note in notes)
            Comment(0, "- " + note);
        Line(0, $"app: {Scalar(NamingRules.Suggest(NameKind.App, draft.Name ?? folderName))}");
        Line(0, $"version: {Scalar(draft.Version is { Length: > 0 } version && !version.Any(char.IsControl) && version.Trim().Length > 0 ? version : "0.1.0")}");
        Line(0, "");
    }

    private void WriteBuild(Draft draft)
    {
        if (draft.Dockerfile is null && draft.Inputs.Count == 0)
            return;
        Line(0, "build:");
        if (draft.Inputs.Count > 0)
            Line(1, $"inputs: {List(draft.Inputs)}");
        if (draft.Dockerfile is not null)
        {
            Comment(1, "Targets without containers cannot use it; there a service needs a command, and run if the host's programs will not do.");
            Line(1, $"dockerfile: {Scalar(draft.Dockerfile)}");
        }
        if (draft.BuildCommand is { } command && command.Contains('\n', StringComparison.Ordinal))
        {
            Line(1, "command: |");
            foreach (var line in command.TrimEnd('\n').Split('\n'))
                Line(2, line);
        }
        else if (draft.BuildCommand is not null)
        {
            Line(1, $"command: {Scalar(draft.BuildCommand)}");
        }
        Line(0, "");
    }

    private void WriteService(DraftService service, Draft draft)
    {
        var head = _text.Append($"  {Scalar(service.Name)}:").Length;
        _text.Append('\n');
        WriteServiceKeys(service, draft);
        if (_text.Length == head + 1)
            _text.Insert(head, " {}");
    }

    private void WriteServiceKeys(DraftService service, Draft draft)
    {
        if (service.Image is not null)
            Line(2, $"image: {Scalar(service.Image)}");
        var command = IsCommand(service.Command) ? service.Command : [];
        if (command.Count == 0 && service.Image is null && !(service.IsBuilt && draft.Dockerfile is not null))
        {
            Comment(2, "How the program is started could not be found out.");
            command = ["/app/start"];
        }
        if (command.Count > 0)
            Line(2, $"command: {List(command)}");
        if (service.WorkingDirectory is { } folder && Shapes.PathValues.AbsoluteProblem(folder) is null)
            Line(2, $"workingDirectory: {Scalar(folder)}");
        if (service.User is not null)
            Line(2, $"user: {Scalar(service.User)}");
        if (service.Ports.Count > 0)
            Line(2, $"ports: [{string.Join(", ", Ordered(service).Select(p => p.Number.ToString(CultureInfo.InvariantCulture) + (p.IsHttp ? "" : "/tcp")))}]");
        WriteMapping("env", service.Env);
        WriteFiles(service);
        WriteMapping("volumes", service.Volumes);
        WriteHealth(service);
        if (service.StopSignal is { } signal && StopSignal().IsMatch(signal))
            Line(2, $"stopSignal: {signal}");
        if (service.StopGrace is { } grace)
            Line(2, $"stopGrace: {DurationText.Write(grace)}");
        if (service.DependsOn.Count > 0)
            Line(2, $"dependsOn: {List(service.DependsOn)}");
    }

    private void WriteMapping(string key, IReadOnlyDictionary<string, string> pairs)
    {
        if (pairs.Count == 0)
            return;
        Line(2, key + ":");
        foreach (var (name, value) in pairs)
            Line(3, $"{Scalar(name)}: {Scalar(value)}");
    }

    private void WriteFiles(DraftService service)
    {
        if (service.Files.Count == 0)
            return;
        Line(2, "files:");
        foreach (var (path, secret) in service.Files)
            Line(3, $"{Scalar(path)}: {{ template: {Scalar($"${{secret.{secret}}}")}, mode: \"0400\" }}");
    }

    private void WriteHealth(DraftService service)
    {
        if (service.Health is not { } health || !IsCommand(health.Command))
            return;
        Line(2, "health:");
        if (health.HttpPath is { } path)
        {
            var port = health.HttpPort ?? service.Ports.FirstOrDefault()?.Number ?? 80;
            Line(3, Ordered(service).FirstOrDefault()?.Number == port ? $"http: {Scalar(path)}" : string.Create(CultureInfo.InvariantCulture, $"http: {{ path: {Scalar(path)}, port: {port} }}"));
        }
        else
        {
            Line(3, $"command: {List(health.Command)}");
        }
        WriteDuration("interval", health.Interval);
        WriteDuration("timeout", health.Timeout);
        if (health.Retries is { } retries)
            Line(3, string.Create(CultureInfo.InvariantCulture, $"retries: {retries}"));
        WriteDuration("startPeriod", health.StartPeriod);
    }

    private void WriteDuration(string key, TimeSpan? duration)
    {
        if (duration is { } value)
            Line(3, $"{key}: {DurationText.Write(value)}");
    }

    private void WriteEntry(Draft draft)
    {
        var candidates = draft.Services.Where(s => Ordered(s).FirstOrDefault() is { IsHttp: true }).ToList();
        if (candidates.Count > 1)
        {
            Line(0, "");
            Comment(0, "Several services have a port that may speak http; this is the one that the gateway reaches.");
            Line(0, $"entry: {Scalar((candidates.Find(s => s.Ports.Exists(p => p.IsPublished)) ?? candidates[0]).Name)}");
        }
    }

    private void WriteTiers(Draft draft)
    {
        Line(0, "");
        Comment(0, "Sizes that tenants can have; limits are for all services of an instance together.");
        Line(0, "tiers:");
        if (draft.Tiers.Count == 0)
            WriteTier(TierDefinition.DefaultName, new DraftTier(draft.Memory, draft.Cpu, null, null));
        foreach (var (name, tier) in draft.Tiers)
            WriteTier(name, tier);
        if (draft.Tiers.Count > 1)
            Line(0, $"defaultTier: {TierDefinition.DefaultName}");
    }

    private void WriteTier(string name, DraftTier tier)
    {
        Line(1, $"{name}:");
        Line(2, $"memory: {SizeText.Write(tier.Memory ?? UsualMemory)}");
        Line(2, $"cpu: {(tier.Cpu ?? 0.5m).ToString("0.##", CultureInfo.InvariantCulture)}");
        if (tier.MemoryReservation is { } memory)
            Line(2, $"memoryReservation: {SizeText.Write(memory)}");
        if (tier.CpuReservation is { } cpu)
            Line(2, $"cpuReservation: {cpu.ToString("0.##", CultureInfo.InvariantCulture)}");
    }

    private void WriteSecrets(Draft draft)
    {
        WriteFeatures(draft);
        if (draft.SecretVariables.Count + draft.FileSecrets.Count == 0)
            return;
        Line(0, "");
        Comment(0, "Values are never in this file. Inside the instance each is a file, /run/secrets/NAME, and the variable named here.");
        Line(0, "secrets:");
        foreach (var variable in draft.SecretVariables)
        {
            Line(1, $"{Scalar(SecretGuess.NameOf(variable))}:");
            if (draft.OptionalSecrets.Contains(SecretGuess.NameOf(variable)))
                Line(2, "required: false");
            else if (SecretGuess.CanBeGenerated(variable))
                Line(2, "generate: token");
            Line(2, $"env: {Scalar(variable)}");
        }

        foreach (var name in draft.FileSecrets)
            Line(1, $"{Scalar(name)}: {{{(draft.OptionalSecrets.Contains(name) ? " required: false " : "")}}}");
    }

    private void WriteFeatures(Draft draft)
    {
        if (draft.Features.Count == 0)
            return;
        Line(0, "");
        Comment(0, "Values that each tenant has of its own.");
        Line(0, "features:");
        foreach (var (name, value) in draft.Features)
            Line(1, $"{Scalar(name)}: {{ type: string, default: {Quoted(value)} }}");
    }

    private void WriteEgress(Draft draft)
    {
        Line(0, "");
        Comment(0, "Where instances may connect to: none, internet, or a list such as [api.example.com:443].");
        Line(0, $"egress: {draft.Egress}");
    }

    // A foreign file may hold what is a reference to us; no command can.
    private static bool IsCommand(IEnumerable<string> words) => !words.Any(w => w.Contains('\0', StringComparison.Ordinal) || References.In(w).Any(References.IsKnownKind));

    // The gateway reaches the first port, so an http one comes first, a published one before others.
    private static IEnumerable<DraftPort> Ordered(DraftService service) => service.Ports.OrderByDescending(p => p.IsHttp).ThenByDescending(p => p.IsPublished);

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items.Select(Scalar))}]";

    /// <summary>Plain where nobody could take it for anything else, otherwise in double quotes.</summary>
    private static string Scalar(string text)
    {
        if (Plain().IsMatch(text) && !text.EndsWith(':') && !Word().IsMatch(text))
            return text;
        return Quoted(text);
    }

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => c.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    private void Comment(int depth, string text) => Line(depth, "# " + string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)));

    private void Line(int depth, string text) => _text.Append(' ', text.Length == 0 ? 0 : depth * 2).Append(text).Append('\n');

    [GeneratedRegex("^[A-Za-z0-9/_.][A-Za-z0-9/_.:@=-]*\\z")]
    private static partial Regex Plain();

    // What YAML, in one version or another, takes for a number, a flag, a date or nothing.
    [GeneratedRegex("^([-+.0-9].*|null|true|false|yes|no|on|off|y|n|~|.*:)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Word();

    [GeneratedRegex("^SIG(TERM|INT|QUIT|HUP|USR1|USR2|WINCH|KILL)$", RegexOptions.ExplicitCapture)]
    private static partial Regex StopSignal();
}
