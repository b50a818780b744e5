using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Takes from a Dockerfile what its last stage says about how the image is run.</summary>
internal sealed partial class DockerfileReader
{
    private readonly DraftService _service;
    private readonly List<string> _notes;
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private List<string> _entrypoint = [];
    private List<string> _command = [];

    private DockerfileReader(DraftService service, List<string> notes) => (_service, _notes) = (service, notes);

    /// <summary>Fills in what the service does not say itself.</summary>
    public static void Apply(string text, DraftService service, List<string> notes)
    {
        var found = new DockerfileReader(new DraftService(service.Name) { VolumePrefix = service.VolumePrefix }, notes);
        foreach (var (instruction, arguments) in Instructions(text))
            found.Read(instruction, arguments);
        found.CopyTo(service);
    }

    private void CopyTo(DraftService service)
    {
        if (service.Command.Count == 0)
            service.Command = [.. _entrypoint, .. _command];
        if (service.Ports.Count == 0)
            service.Ports.AddRange(_service.Ports);
        foreach (var (name, path) in _service.Volumes.Where(v => !service.Volumes.ContainsValue(v.Value)))
            service.Volumes.TryAdd(name, path);
        service.User ??= _service.User;
        service.WorkingDirectory ??= _service.WorkingDirectory;
        service.StopSignal ??= _service.StopSignal;
        service.Health ??= _service.Health;
    }

    private void Read(string instruction, string arguments)
    {
        switch (instruction)
        {
            case "FROM":
                StartStage();
                break;
            case "ARG" or "ENV":
                foreach (Match match in Assignment().Matches(arguments))
                    _variables[match.Groups["name"].Value] = Expand(match.Groups["value"].Value.Trim('"', '\''));
                break;
            case "EXPOSE":
                foreach (var port in Words(Expand(arguments)))
                    Expose(port);
                break;
            case "ENTRYPOINT":
                (_entrypoint, _command) = (Command(arguments), []);
                break;
            case "CMD":
                _command = Command(arguments);
                break;
            case "VOLUME":
                foreach (var path in List(arguments) ?? Words(Expand(arguments)))
                    AddVolume(_service, path, _notes);
                break;
            case "USER":
                _service.User = OrdinaryUser(Expand(arguments).Trim(), _notes);
                break;
            case "WORKDIR" when Expand(arguments).Trim() is var folder && folder.StartsWith('/'):
                _service.WorkingDirectory = folder.Length > 1 ? folder.TrimEnd('/') : folder;
                break;
            case "STOPSIGNAL":
                _service.StopSignal = arguments.Trim();
                break;
            case "HEALTHCHECK":
                _service.Health = Health(arguments);
                break;
        }
    }

    private void StartStage()
    {
        (_entrypoint, _command) = ([], []);
        _service.Ports.Clear();
        _service.Volumes.Clear();
        (_service.User, _service.WorkingDirectory, _service.StopSignal, _service.Health) = (null, null, null, null);
    }

    private void Expose(string port)
    {
        var parts = port.Split('/');
        if (parts.Length == 2 && parts[1].Equals("udp", StringComparison.OrdinalIgnoreCase))
            _notes.Add($"The Dockerfile exposes {port}; UDP ports cannot be reached through the gateway.");
        else if (int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535 && !_service.Ports.Exists(p => p.Number == number))
            _service.Ports.Add(new DraftPort(number, IsPublished: true));
    }

    public static void AddVolume(DraftService service, string path, List<string> notes)
    {
        path = path.Length > 1 ? path.TrimEnd('/') : path;
        if (Shapes.PathValues.AbsoluteProblem(path) is not null || Shapes.PathValues.IsReserved(path))
            notes.Add($"The volume at {path} is left out, since a volume cannot be there.");
        else if (!service.Volumes.ContainsValue(path))
            service.Volumes.TryAdd(NamingRules.Suggest(NameKind.Volume, service.VolumePrefix + path.Trim('/')), path);
    }

    public static string? OrdinaryUser(string user, List<string> notes)
    {
        if (Checks.ServiceChecks.User(user) is null)
            return user;
        if (user.Length > 0)
            notes.Add($"The user '{user}' is left out; an instance runs as an ordinary user.");
        return null;
    }

    private static DraftProbe? Health(string arguments)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var rest = HealthOption().Replace(arguments, match =>
        {
            options[match.Groups["name"].Value] = match.Groups["value"].Value;
            return "";
        }).Trim();
        if (!rest.StartsWith("CMD", StringComparison.OrdinalIgnoreCase))
            return null;
        var check = rest[3..].Trim();
        return (List(check) is { Count: > 0 } words ? ProbeReader.FromWords(words) : ProbeReader.FromShell(WithoutExit(check))) with
        {
            Interval = ProbeReader.Duration(options.GetValueOrDefault("interval")),
            Timeout = ProbeReader.Duration(options.GetValueOrDefault("timeout")),
            StartPeriod = ProbeReader.Duration(options.GetValueOrDefault("start-period")),
            Retries = ProbeReader.Count(options.GetValueOrDefault("retries")),
        };
    }

    private static string WithoutExit(string check) => check.EndsWith("|| exit 1", StringComparison.Ordinal) ? check[..^"|| exit 1".Length].TrimEnd() : check;

    private static List<string> Command(string arguments) =>
        List(arguments) ?? (arguments.Trim().Length == 0 ? [] : ["/bin/sh", "-c", arguments.Trim()]);

    private static List<string>? List(string arguments)
    {
        if (!arguments.TrimStart().StartsWith('['))
            return null;
        try
        {
            return JsonSerializer.Deserialize<List<string>>(arguments);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> Words(string text) => text.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);

    private string Expand(string text) => Variable().Replace(text, match =>
        _variables.TryGetValue(match.Groups["name"].Value, out var value) ? value : match.Groups["usual"].Value);

    /// <summary>Instructions with continued lines joined; comments and here-documents left out.</summary>
    private static IEnumerable<(string Instruction, string Arguments)> Instructions(string text)
    {
        var whole = new StringBuilder();
        string? hereDocument = null;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n').Append(""))
        {
            if (hereDocument is not null)
            {
                hereDocument = line.Trim() == hereDocument ? null : hereDocument;
                continue;
            }
            if (line.TrimStart().StartsWith('#'))
                continue;
            var continues = line.TrimEnd().EndsWith('\\');
            whole.Append(continues ? line.TrimEnd()[..^1] + " " : line);
            if (continues)
                continue;
            var match = Instruction().Match(whole.ToString());
            whole.Clear();
            if (!match.Success)
                continue;
            if (HereDocument().Match(match.Value) is { Success: true } start)
                hereDocument = start.Groups["word"].Value;
            yield return (match.Groups["name"].Value.ToUpperInvariant(), match.Groups["rest"].Value);
        }
    }

    [GeneratedRegex(@"^\s*(?<name>[A-Za-z]+)\s+(?<rest>.*)$", RegexOptions.ExplicitCapture | RegexOptions.Singleline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"<<-?[""']?(?<word>[A-Za-z_][A-Za-z0-9_]*)[""']?", RegexOptions.ExplicitCapture)]
    private static partial Regex HereDocument();

    [GeneratedRegex(@"(?<name>[A-Za-z_][A-Za-z0-9_]*)(=|\s+)(?<value>""[^""]*""|'[^']*'|\S+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\$\{?(?<name>[A-Za-z_][A-Za-z0-9_]*)(:-(?<usual>[^}]*))?\}?", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();

    [GeneratedRegex(@"--(?<name>interval|timeout|start-period|start-interval|retries)=(?<value>\S+)\s*", RegexOptions.ExplicitCapture)]
    private static partial Regex HealthOption();
}
