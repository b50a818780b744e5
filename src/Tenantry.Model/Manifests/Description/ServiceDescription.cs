using System.Text.Json.Nodes;
using Tenantry.Model.Manifests.Checks;
using Tenantry.Model.Manifests.Shapes;
using Tenantry.Model.Naming;

namespace Tenantry.Model.Manifests.Description;

/// <summary>The keys of a service.</summary>
internal static class ServiceDescription
{
    private const string NoPrivileges = "an instance never gets more rights than an ordinary process, nor a view of its host.";

    private static readonly string[] Signals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGKILL"];

    public static Shape<string> Image { get; } = Values.Matching(
        "an image reference such as redis:7 or registry.example/team/app@sha256:…",
        @"^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$");

    private static readonly ObjectShape<RunDefinition> RunKeys = new ObjectShape<RunDefinition>("a mapping with the keys root and path", new())
        .Key("root", Values.Word<RootKind>(), r => r.Root, (r, v) => r with { Root = v },
            "What the service sees as its root file system: the host's own programs and libraries, a folder, or an image in a tar file or OCI layout.")
        .Optional("path", PathValues.Relative, (r, v) => r with { Path = v }, "The folder or image, relative to the manifest.")
        .Finish(ServiceChecks.Run);

    public static Shape<RunDefinition> Run { get; } = new ChoiceShape<RunDefinition>(
        text: new TextShape<RunDefinition>(
            "host", t => t.Text == "host" ? Parsed<RunDefinition>.Ok(new()) : Parsed<RunDefinition>.Wrong("Expected host, or a mapping with the keys root and path."),
            () => new JsonObject { ["const"] = "host" }, r => r is { Root: RootKind.Host } ? "host" : null),
        mapping: RunKeys);

    private static readonly ObjectShape<FileDefinition> File = new ObjectShape<FileDefinition>("a mapping with the key template or source", new() { Path = "" })
        .Optional("template", Values.Text, (f, v) => f with { Template = v }, "The content itself. References are expanded, $${ stands for ${.")
        .Optional("source", PathValues.Relative, (f, v) => f with { Source = v }, "A file beside the manifest that holds the content. References are expanded as in a template.")
        .Key("mode", PathValues.Mode, f => f.Mode, (f, v) => f with { Mode = v }, "Permission bits in octal. The file is read-only in any case.")
        .Finish(ServiceChecks.File);

    private static readonly Shape<VolumeDefinition> Volume = new ChoiceShape<VolumeDefinition>(
        text: new MappedShape<string, VolumeDefinition>(PathValues.Mountable, path => new() { Name = "", Path = path }),
        mapping: new ObjectShape<VolumeDefinition>("a mapping with the keys path and size", new() { Name = "", Path = "" })
            .Required("path", PathValues.Mountable, (v, x) => v with { Path = x }, "Where the service sees the volume.")
            .Optional("size", Values.Size, (v, x) => v with { Size = x }, "Limit of this volume. Without it only the tier's disk limit counts."));

    private static readonly Shape<PortDefinition> Port = new ChoiceShape<PortDefinition>(
        text: new TextShape<PortDefinition>(
            "a port such as 8080, 50051/h2c or 6379/tcp", ServiceChecks.ShortPort,
            () => new JsonObject
            {
                ["anyOf"] = new JsonArray(
                    new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = 65535 },
                    new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]{1,5}(/(http|h2c|tcp))?$" }),
            }, _ => null),
        mapping: new ObjectShape<PortDefinition>("a mapping with the keys number, name and protocol", new() { Name = "", Number = 0 })
            .Required("number", Values.Port, (p, v) => p with { Number = v }, "The port that the service listens on inside the instance.")
            .Optional("name", Values.Matching("a name of lower-case letters, digits and hyphens", NamingRules.Pattern), (p, v) => p with { Name = v }, "A name for it, unique in the service; without one, http, tcp or port-NUMBER.")
            .Key("protocol", Values.Word<PortProtocol>(), p => p.Protocol, (p, v) => p with { Protocol = v }, "What is spoken there: http is HTTP/1.1, h2c is HTTP/2 without TLS (gRPC). The gateway reaches no tcp port."));

    public static Shape<HttpProbe> Http { get; } = new ChoiceShape<HttpProbe>(
        text: new MappedShape<string, HttpProbe>(PathValues.Request, path => new() { Path = path, Port = 0 }),
        mapping: new ObjectShape<HttpProbe>("a mapping with the keys path and port", new() { Path = "", Port = 0 })
            .Required("path", PathValues.Request, (h, v) => h with { Path = v }, "The path that is asked for.")
            .Optional("port", Values.Port, (h, v) => h with { Port = v }, "The port that is asked; without it, the service's first."));

    private static readonly ObjectShape<HealthDefinition> Health = new ObjectShape<HealthDefinition>("a mapping with one of the keys http, tcp and command", new())
        .Optional("http", Http, (h, v) => h with { Http = v }, "Healthy when a GET of this path answers 200 to 399.")
        .Optional("tcp", Values.Port, (h, v) => h with { Tcp = v }, "Healthy when this port accepts a connection.")
        .Optional("command", Commands.Plain, (h, v) => h with { Command = v }, "Healthy when this program, run inside the instance, exits 0.")
        .Key("interval", Values.Duration, h => h.Interval, (h, v) => h with { Interval = v }, "Time between two probes of a service that runs; one that starts is asked more often.")
        .Key("timeout", Values.Duration, h => h.Timeout, (h, v) => h with { Timeout = v }, "A probe without an answer after this has failed.")
        .Key("retries", Values.Whole(1, 100), h => h.Retries, (h, v) => h with { Retries = v }, "Failures in a row that make it unhealthy.")
        .Key("startPeriod", Values.Duration, h => h.StartPeriod, (h, v) => h with { StartPeriod = v }, "Time after the start in which failures do not count.")
        .Finish(ServiceChecks.Health);

    private static readonly Shape<string> User = Values.Checked(
        "a user such as 1000, 1000:1000 or node", "string or integer", "^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$", ServiceChecks.User);

    public static Shape<IReadOnlyDictionary<string, string>> Env { get; } = new MappedShape<IReadOnlyList<KeyValuePair<string, string>>, IReadOnlyDictionary<string, string>>(
        new MapShape<string>(MapNames.Variables, Values.Text, "variable names to values"),
        pairs => new Dictionary<string, string>(pairs, StringComparer.Ordinal));

    public static Shape<ServiceDefinition> Service { get; } = new ObjectShape<ServiceDefinition>("a mapping that describes a service", new() { Name = "" })
        .Optional("image", Image, (s, v) => s with { Image = v }, "Image for targets that run containers. Without it, the one that build.dockerfile makes.")
        .Optional("run", Run, (s, v) => s with { Run = v }, "Root file system on targets without containers. Without it, the host's own programs. The build's output is at /app.")
        .Optional("command", Commands.Plain, (s, v) => s with { Command = v }, "Program and arguments: a list, or one line that is split into words. No shell is involved. Without it, the image's own.")
        .Optional("workingDirectory", PathValues.Absolute, (s, v) => s with { WorkingDirectory = v }, "Folder that the program starts in.")
        .Optional("user", User, (s, v) => s with { User = v }, "User inside the instance, never root. Without it, an ordinary user of the target's choice.")
        .Optional("ports", new ListShape<PortDefinition>(Port, "ports"), (s, v) => s with { Ports = v }, "Ports that the service listens on; the first is the one that the gateway reaches.")
        .Optional("env", Env, (s, v) => s with { Env = v }, "Environment variables. Values may hold references.")
        .Optional("files", new MappedShape<IReadOnlyList<KeyValuePair<string, FileDefinition>>, IReadOnlyList<FileDefinition>>(
            new MapShape<FileDefinition>(MapNames.Paths, File, "absolute paths to files"),
            pairs => [.. pairs.Select(p => p.Value with { Path = p.Key })]),
            (s, v) => s with { Files = v }, "Read-only files made for each tenant, by their path inside the instance.")
        .Optional("volumes", new MappedShape<IReadOnlyList<KeyValuePair<string, VolumeDefinition>>, IReadOnlyList<VolumeDefinition>>(
            new MapShape<VolumeDefinition>(MapNames.Of(NameKind.Volume), Volume, "volume names to paths"),
            pairs => [.. pairs.Select(p => p.Value with { Name = p.Key })]),
            (s, v) => s with { Volumes = v }, "Folders whose content is kept, by name. Services that use the same name share the volume.")
        .Optional("health", Health, (s, v) => s with { Health = v }, "How to tell that the service works. Without it, the first port must accept a connection; without ports, the process must run.")
        .Key("stopSignal", SignalName(), s => s.StopSignal, (s, v) => s with { StopSignal = v }, "Signal that asks the process to end.")
        .Key("stopGrace", Values.Duration, s => s.StopGrace, (s, v) => s with { StopGrace = v }, "Time that it then has before it is killed.")
        .Optional("dependsOn", new ListShape<string>(Values.Name(NameKind.Service), "service names"), (s, v) => s with { DependsOn = v }, "Services that must be healthy before this one starts.")
        .Refused(NoPrivileges, "privileged", "cap_add", "capAdd", "capabilities", "devices", "network_mode", "networkMode", "pid", "ipc", "security_opt", "securityOpt", "userns_mode", "sysctls", "mounts", "binds")
        .Refused("a failed service is always started again, with growing pauses.", "restart")
        .Refused("limits are set for the whole instance, in its tier.", "memory", "mem_limit", "cpus", "cpu", "deploy", "pids_limit")
        .Refused("use ports; nothing is published, the gateway finds its own way in.", "expose")
        .Refused("use command, which replaces both.", "entrypoint")
        .Refused("use build at the top of the manifest, which serves all services.", "build")
        .Finish(ServiceChecks.Service);

    private static Shape<string> SignalName() => new TextShape<string>(
        Values.Listed(Signals),
        t => Signals.Contains(t.Text, StringComparer.Ordinal) ? Parsed<string>.Ok(t.Text) : Parsed<string>.Wrong($"Expected {Values.Listed(Signals)}, found {t.Kind}.{Nearest.Hint(t.Text, Signals)}"),
        () => new JsonObject { ["enum"] = new JsonArray([.. Signals.Select(s => JsonValue.Create(s))]) },
        signal => signal);
}
