using System.Globalization;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Manifests.Yaml;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together inside one service.</summary>
internal static class ServiceChecks
{
    public static Parsed<PortDefinition> ShortPort(YamlText text)
    {
        var parts = text.Text.Split('/');
        var protocol = parts.Length == 1 ? PortProtocol.Http : parts[1] switch
        {
            "http" => PortProtocol.Http,
            "h2c" => PortProtocol.H2c,
            "tcp" => PortProtocol.Tcp,
            _ => (PortProtocol?)null,
        };
        if (text.Text.Contains(':', StringComparison.Ordinal))
            return Parsed<PortDefinition>.Wrong($"'{text.Text}' looks like a published port. Say only the port that the service listens on; nothing is published.");
        return parts.Length <= 2 && protocol is not null && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535
            ? Parsed<PortDefinition>.Ok(new() { Name = "", Number = number, Protocol = protocol.Value })
            : Parsed<PortDefinition>.Wrong("");
    }

    public static string? User(string text)
    {
        var parts = text.Split(':');
        if (parts.Length > 2 || parts.Any(p => p.Length == 0 || p[0] is '-' or '.' || p.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))))
            return "";
        return parts.Any(p => p == "root" || p.All(c => c == '0')) ? "An instance never runs as root; name an ordinary user such as 1000." : null;
    }

    public static RunDefinition Run(RunDefinition run, string path, ReadContext context)
    {
        if (run.Root == RootKind.Host && run.Path is not null)
            context.Report(PathText.Key(path, "path"), "'path' goes with root: folder or root: image; root: host is the host's own system.");
        else if (run.Root != RootKind.Host && run.Path is null && !context.IsBroken(path))
            context.Report(path, $"'path' is missing: it says where the {(run.Root == RootKind.Folder ? "folder" : "image")} is.");
        return run;
    }

    public static FileDefinition File(FileDefinition file, string path, ReadContext context)
    {
        if (file.Template is not null && file.Source is not null)
            context.Report(path, "Both 'template' and 'source' are given; a file has one of them.");
        else if (file.Template is null && file.Source is null && !context.IsBroken(path))
            context.Report(path, "Neither 'template' nor 'source' is given; one of them says what is in the file.");
        return file;
    }

    public static HealthDefinition Health(HealthDefinition health, string path, ReadContext context)
    {
        string[] probes = ["http", "tcp", "command"];
        var written = Array.FindAll(probes, p => context.IsWritten(PathText.Key(path, p)));
        if (written.Length > 1 || (written.Length == 0 && !context.IsBroken(path)))
            context.Report(path, written.Length == 0 ? "One of 'http', 'tcp' and 'command' must say how to ask." : $"Only one of {Values.Listed(written.Select(w => $"'{w}'")).Replace(" or ", " and ", StringComparison.Ordinal)} can be given.");
        return health;
    }

    public static ServiceDefinition Service(ServiceDefinition service, string path, ReadContext context)
    {
        service = service with { Ports = NamePorts(service.Ports, PathText.Key(path, "ports"), context) };
        CheckPlaces(service, path, context);
        return service with { Health = CompleteHealth(service, PathText.Key(path, "health"), context) };
    }

    /// <summary>Why a port that speaks HTTP/2 alone cannot be asked.</summary>
    public static string Unasked(int port, string instead) =>
        string.Create(CultureInfo.InvariantCulture, $"Port {port} speaks h2c, and this question is asked in HTTP/1.1. Name another port, or use {instead}.");

    private static List<PortDefinition> NamePorts(IReadOnlyList<PortDefinition> ports, string path, ReadContext context)
    {
        var named = new List<PortDefinition>();
        foreach (var (index, port) in ports.Index())
        {
            var usual = port.SpeaksHttp() ? "http" : "tcp";
            var free = !ports.Concat(named).Any(p => p.Name == usual);
            var name = port.Name.Length > 0 ? port.Name : free ? usual : string.Create(CultureInfo.InvariantCulture, $"port-{port.Number}");
            if (named.Exists(p => p.Name == name && p.Number != port.Number))
                context.Report(context.ItemPath(path, index), $"Two ports of the service are named '{name}'.");
            named.Add(port with { Name = name });
        }
        return named;
    }

    private static void CheckPlaces(ServiceDefinition service, string path, ReadContext context)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in service.Volumes.Where(v => v.Path.Length > 0))
        {
            var at = PathText.Key(PathText.Key(path, "volumes"), volume.Name);
            if (!places.TryAdd(volume.Path, volume.Name))
                context.Report(at, $"The volume '{places[volume.Path]}' is at {volume.Path} already.");
        }
        foreach (var file in service.Files.Where(f => places.ContainsKey(f.Path)))
            context.ReportKey(PathText.Key(PathText.Key(path, "files"), file.Path), $"The volume '{places[file.Path]}' is at {file.Path}; a file cannot be there too.");
    }

    private static HealthDefinition? CompleteHealth(ServiceDefinition service, string path, ReadContext context)
    {
        var first = service.Ports.FirstOrDefault();
        if (service.Health is null)
            return first is null ? null : new HealthDefinition { Tcp = first.Number };
        if (service.Health.Http is not { Port: 0 } http)
        {
            if (service.Health.Http is { } asked && service.Ports.Any(p => p.Number == asked.Port && p.Protocol == PortProtocol.H2c))
                context.Report(PathText.Key(path, "http"), Unasked(asked.Port, "'tcp' or 'command'"));
            return service.Health;
        }

        if (first is { Protocol: PortProtocol.H2c })
            context.Report(PathText.Key(path, "http"), Unasked(first.Number, "'tcp' or 'command'"));
        if (first is null && !context.IsBroken(PathText.Key(PathText.Parent(path), "ports")) && !context.IsBroken(path))
            context.Report(PathText.Key(path, "http"), "The service has no ports; say which one to ask: http: { path: /healthz, port: 8080 }.");
        return service.Health with { Http = http with { Port = first?.Number ?? 0 } };
    }
}
