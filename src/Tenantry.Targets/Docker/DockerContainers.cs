using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker;

/// <summary>Makes the request that creates a service's container. Pure.</summary>
/// <param name="workload">The instance.</param>
/// <param name="options">The target's options.</param>
/// <param name="memoryFolder">Where the instance's files in memory lie on the host.</param>
internal sealed class DockerContainers(InstanceWorkload workload, DockerTargetOptions options, string memoryFolder)
{
    /// <summary>Where secrets are seen.</summary>
    internal const string SecretsPath = "/run/secrets";

    /// <summary>Whom a service runs as when nothing is said.</summary>
    internal const string OrdinaryUser = "1000:1000";

    /// <summary>The name server of an instance without egress: asked from inside its network, where nobody answers.</summary>
    internal const string NoNameServer = "127.0.0.1";

    private const double NanosecondsPerSecond = 1_000_000_000;
    private const int RaisedOomScore = 500;

    /// <summary>The user and group of a service.</summary>
    internal static (uint User, uint Group) UserOf(ServiceWorkload service)
    {
        var parts = (service.User.Length == 0 ? OrdinaryUser : service.User).Split(':');
        var user = uint.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture);
        return (user, parts.Length > 1 ? uint.Parse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture) : user);
    }

    /// <summary>Digest of all that needs a new container when it changes: not the limits, not the labels for people.</summary>
    internal string DigestOf(ServiceWorkload service)
    {
        var text = new StringBuilder(Body(service, ImageOf(service), "peer").ToJsonString());
        text.Append('\n').Append(ServiceShape.Of(workload, service).ToLabel());

        // The others live in the first one's network namespace, and have to move with it.
        var first = workload.Services[0];
        if (service.Name != first.Name)
            text.Append('\n').Append(DigestOf(first));
        return Sha256(text);
    }

    /// <summary>Where a service's files lie: another place for other contents, so that a container that is put back finds its own.</summary>
    internal ServiceMemory MemoryOf(ServiceWorkload service)
    {
        var text = new StringBuilder(service.User);
        foreach (var (name, value) in workload.Secrets.OrderBy(secret => secret.Key, StringComparer.Ordinal))
            text.Append('\n').Append(name).Append('\0').Append(value);
        foreach (var file in service.Files)
            text.Append('\n').Append(file.Path).Append('\0').Append(file.Mode).Append('\0').Append(file.Content);
        return new ServiceMemory(memoryFolder, service.Name, Sha256(text)[..16]);
    }

    /// <summary>What a service's image is called in the manifest's words; equal texts mean the same image.</summary>
    internal string ImageOf(ServiceWorkload service) => service.Image
        ?? (service.Root.Kind == RootKind.Image ? $"archive {workload.Release.Build?.Key} {service.Root.Path}" : $"build {workload.Release.Build?.Key}");

    /// <summary>The request.</summary>
    /// <param name="service">Which service.</param>
    /// <param name="image">The image's id.</param>
    /// <param name="peer">The first service's container, whose network the others share; null for the first.</param>
    internal JsonObject Create(ServiceWorkload service, string image, string? peer)
    {
        var body = Body(service, image, peer);
        ServiceShare.Of(workload.Limits, workload.Services.Count).Write((JsonObject)body["HostConfig"]!);
        var labels = DockerLabels.Of(workload);
        labels[DockerLabels.Service] = service.Name;
        labels[DockerLabels.Release] = workload.Release.Id;
        labels[DockerLabels.WorkloadDigest] = workload.Digest;
        labels[DockerLabels.ServiceDigest] = DigestOf(service);
        labels[DockerLabels.RestartNonce] = workload.RestartNonce.ToString(CultureInfo.InvariantCulture);
        labels[DockerLabels.Egress] = InstanceNetworks.EgressLabel(workload.Egress);
        labels[DockerLabels.Shape] = ServiceShape.Of(workload, service).ToLabel();
        body["Labels"] = Object(labels);
        return body;
    }

    private JsonObject Body(ServiceWorkload service, string image, string? peer)
    {
        var (user, group) = UserOf(service);
        var body = new JsonObject
        {
            ["Image"] = image,
            ["User"] = $"{user}:{group}",
            ["Env"] = Strings(service.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")),
            ["StopSignal"] = "SIG" + service.StopSignal,
            ["StopTimeout"] = (int)Math.Ceiling(service.StopGrace.TotalSeconds),
            ["Healthcheck"] = Health(service.Health),
            ["HostConfig"] = Host(service, peer),
        };
        if (service.Command.Count > 0)
        {
            body["Entrypoint"] = Strings(service.Command.Take(1));
            body["Cmd"] = Strings(service.Command.Skip(1));
        }

        if (service.WorkingDirectory.Length > 0)
            body["WorkingDir"] = service.WorkingDirectory;
        if (service.Name == workload.Services[0].Name)
            body["Hostname"] = workload.Ref.Slug;
        if (service.Name == workload.Services[0].Name && PublishedPorts() is { Count: > 0 } ports)
            body["ExposedPorts"] = new JsonObject(ports.Select(port => KeyValuePair.Create(port, (JsonNode?)new JsonObject())));
        return body;
    }

    private JsonObject Host(ServiceWorkload service, string? peer)
    {
        var isFirst = service.Name == workload.Services[0].Name;
        var host = new JsonObject
        {
            ["NetworkMode"] = isFirst ? DockerNames.Network(workload.Ref) : $"container:{peer}",
            ["IpcMode"] = "private",
            ["Privileged"] = false,
            ["ReadonlyRootfs"] = true,
            ["CapDrop"] = Strings(["ALL"]),
            ["SecurityOpt"] = Strings(["no-new-privileges"]),
            ["OomScoreAdj"] = RaisedOomScore,
            ["RestartPolicy"] = new JsonObject { ["Name"] = "unless-stopped" },
            ["Tmpfs"] = new JsonObject { ["/tmp"] = Tmpfs(service, options.TmpBytes) },
            ["Mounts"] = new JsonArray([.. Mounts(service)]),
            ["LogConfig"] = new JsonObject
            {
                ["Type"] = "json-file",
                ["Config"] = new JsonObject
                {
                    ["max-size"] = options.LogBytes.ToString(CultureInfo.InvariantCulture),
                    ["max-file"] = options.LogFiles.ToString(CultureInfo.InvariantCulture),
                },
            },
        };
        if (isFirst && PublishedPorts() is { Count: > 0 } ports)
            host["PortBindings"] = new JsonObject(ports.Select(port => KeyValuePair.Create(port, (JsonNode?)new JsonArray(new JsonObject { ["HostIp"] = options.Remote!.Publish.ToString(), ["HostPort"] = "" }))));

        // Without a name server of its own an engine asks the host's, and where that listens on loopback asks it itself, past every network: a way out for whoever owns a domain.
        if (isFirst && workload.Egress.Mode == EgressMode.None)
            host["Dns"] = Strings([NoNameServer]);
        else if (isFirst && options.Dns.Count > 0)
            host["Dns"] = Strings(options.Dns);
        if (workload.Limits.Runtime.Length > 0)
            host["Runtime"] = workload.Limits.Runtime;
        return host;
    }

    // On another machine the gateway, and who asks for health, come by ports that the engine chooses; on this one nothing is published.
    private List<string> PublishedPorts() => options.Remote is null
        ? []
        : [.. workload.Services.Select(service => ServiceShape.Of(workload, service).Health?.Port).Append(workload.EntryPort).OfType<int>().Distinct().Order().Select(port => $"{port}/tcp")];

    /// <summary>
    /// Options of a service's <c>/tmp</c>. It belongs to the service's user: at a restart runc takes the mode of the folder below it, which is not
    /// everybody's in an image without a <c>/tmp</c>.
    /// </summary>
    internal static string Tmpfs(ServiceWorkload service, long bytes)
    {
        var (user, group) = UserOf(service);
        return $"rw,nosuid,nodev,noexec,mode=1777,uid={user},gid={group},size={bytes}";
    }

    private IEnumerable<JsonNode> Mounts(ServiceWorkload service)
    {
        foreach (var volume in service.Volumes)
        {
            yield return new JsonObject
            {
                ["Type"] = "volume",
                ["Source"] = DockerNames.Volume(workload.Ref, volume.Name),
                ["Target"] = volume.Path,
                ["VolumeOptions"] = new JsonObject { ["NoCopy"] = true },
            };
        }

        var place = MemoryOf(service);
        if (workload.Secrets.Count > 0)
            yield return ReadOnly(place.Secrets, SecretsPath);
        for (var i = 0; i < service.Files.Count; i++)
            yield return ReadOnly(place.File(i), service.Files[i].Path);
    }

    private static JsonObject ReadOnly(string source, string target) => new()
    {
        ["Type"] = "bind",
        ["Source"] = source,
        ["Target"] = target,
        ["ReadOnly"] = true,
        ["BindOptions"] = new JsonObject { ["Propagation"] = "rprivate" },
    };

    // The engine asks by command alone; HTTP and TCP are asked from outside, since an image may hold no program that could.
    private static JsonObject Health(HealthWorkload? health) => health?.Command is not { Count: > 0 } command
        ? new JsonObject { ["Test"] = Strings(["NONE"]) }
        : new JsonObject
        {
            ["Test"] = Strings(command.Prepend("CMD")),
            ["Interval"] = Nanoseconds(health.Interval),
            ["Timeout"] = Nanoseconds(health.Timeout),
            ["Retries"] = health.Retries,
            ["StartPeriod"] = Nanoseconds(health.StartPeriod),
        };

    private static string Sha256(StringBuilder text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

    private static long Nanoseconds(TimeSpan time) => (long)(time.TotalSeconds * NanosecondsPerSecond);

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => JsonValue.Create(value))]);

    private static JsonObject Object(IEnumerable<KeyValuePair<string, string>> pairs) =>
        new(pairs.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}

/// <summary>Where a service's files of one content lie.</summary>
internal readonly record struct ServiceMemory(string Folder, string Service, string Version)
{
    internal string OfService => Path.Combine(Folder, Service);

    internal string Root => Path.Combine(OfService, Version);

    internal string Secrets => Path.Combine(Root, "secrets");

    internal string File(int number) => Path.Combine(Root, "files", $"{number}");
}
