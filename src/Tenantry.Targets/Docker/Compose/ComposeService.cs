using System.Globalization;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Images;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>A service of an instance in Compose's words: closed as <see cref="DockerContainers"/> closes it. Pure.</summary>
internal sealed class ComposeService(InstanceWorkload workload, ComposeOptions options, ICollection<ComposeVariable> variables)
{
    private const int RaisedOomScore = 500;
    private static readonly DockerTargetOptions Usual = new();

    private string Slug => workload.Ref.Slug;

    /// <summary>The first service has the instance's name, further ones have theirs behind it.</summary>
    internal static string NameOf(InstanceWorkload workload, string service) =>
        service == workload.Services[0].Name ? workload.Ref.Slug : $"{workload.Ref.Slug}.{service}";

    /// <summary>Labels of all that belongs to the instance. Not those by which a control plane knows its own.</summary>
    internal JsonObject Labels() => new()
    {
        [$"{options.Prefix}.app"] = Text(workload.Labels.App),
        [$"{options.Prefix}.env"] = Text(options.Environment ?? workload.Labels.Environment),
        [$"{options.Prefix}.organization"] = Text(workload.Labels.Organization),
        [$"{options.Prefix}.slug"] = Text(Slug),
        [$"{options.Prefix}.tenant"] = Text(workload.Labels.Tenant),
        [$"{options.Prefix}.tier"] = Text(workload.Labels.Tier),
        [$"{options.Prefix}.version"] = Text(options.Version ?? workload.Labels.Version),
    };

    /// <param name="service">Which one.</param>
    /// <param name="image">The image that gives its volumes to its user, or null when the service's own will do.</param>
    /// <param name="files">Places of its files beside the Compose file, in the order of the service's.</param>
    /// <param name="filesDigest">Changes when a file does: Compose makes containers anew for changed labels and not for changed files.</param>
    internal JsonObject Of(ServiceWorkload service, ComposeImage? image, IReadOnlyList<string> files, string filesDigest)
    {
        var isFirst = service.Name == workload.Services[0].Name;
        var node = new JsonObject();
        if (image is not null)
            node["build"] = new JsonObject { ["context"] = Text("./" + image.Folder) };
        node["image"] = Text(image?.Name ?? ImageStore.ReferenceOf(workload, service));
        if (service.Command.Count > 0)
        {
            node["entrypoint"] = Texts(service.Command.Take(1));
            node["command"] = Texts(service.Command.Skip(1));
        }

        if (service.WorkingDirectory.Length > 0)
            node["working_dir"] = Text(service.WorkingDirectory);
        if (service.Env.Count > 0)
            node["environment"] = new JsonObject(service.Env.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)SecretMarks.ToVariables(Slug, pair.Value, variables))));
        AddProtection(node, service);
        AddLimits(node);
        AddLife(node, service);
        if (isFirst)
        {
            node["hostname"] = Text(Slug);
            node["networks"] = new JsonArray(Slug);
            if (workload.Egress.Mode != EgressMode.Internet)
                node["dns"] = new JsonArray(DockerContainers.NoNameServer);
        }
        else
        {
            node["network_mode"] = $"service:{NameOf(workload, workload.Services[0].Name)}";
        }

        AddMounts(node, service, files);
        node["labels"] = Labels();
        if (files.Count > 0)
            node["labels"]![$"{options.Prefix}.files"] = filesDigest;
        return node;
    }

    /// <summary>A secret's name in the file. Its file is its reader's alone: each user has one.</summary>
    internal static string SecretOf(InstanceWorkload workload, string name, uint user, uint group) => $"{workload.Ref.Slug}{SecretPart(workload, user, group).Replace('/', '.')}.{name}";

    /// <summary>What tells the files of further users from those of the first service's.</summary>
    internal static string SecretPart(InstanceWorkload workload, uint user, uint group) => (user, group) == DockerContainers.UserOf(workload.Services[0]) ? "" : $"/{user}-{group}";

    /// <summary>Texts of the service in which a secret has no business, by where they are.</summary>
    internal static IEnumerable<(string Where, string Text)> Open(ServiceWorkload service)
    {
        foreach (var file in service.Files)
            yield return ($"the file {file.Path}", file.Content);
        foreach (var part in service.Command)
            yield return ("its command", part);
        foreach (var part in service.Health?.Command ?? [])
            yield return ("its health check", part);
    }

    private static void AddProtection(JsonObject node, ServiceWorkload service)
    {
        var (user, group) = DockerContainers.UserOf(service);
        node["user"] = $"{user}:{group}";
        node["read_only"] = true;
        node["cap_drop"] = new JsonArray("ALL");
        node["security_opt"] = new JsonArray("no-new-privileges:true");
        node["ipc"] = "private";
        node["tmpfs"] = new JsonArray($"/tmp:{DockerContainers.Tmpfs(service, Usual.TmpBytes)}");
    }

    private void AddLimits(JsonObject node)
    {
        var share = ServiceShare.Of(workload.Limits, workload.Services.Count);
        node["mem_limit"] = share.MemoryBytes;
        node["memswap_limit"] = share.MemoryBytes;
        node["mem_reservation"] = share.MemoryReservationBytes;
        node["cpus"] = JsonValue.Create(share.NanoCpus / 1_000_000_000m);
        node["cpu_shares"] = share.CpuShares;
        node["pids_limit"] = share.Pids;
        node["oom_score_adj"] = RaisedOomScore;
        if (workload.Limits.Runtime.Length > 0)
            node["runtime"] = workload.Limits.Runtime;
    }

    private void AddLife(JsonObject node, ServiceWorkload service)
    {
        node["restart"] = "unless-stopped";
        node["stop_signal"] = "SIG" + service.StopSignal;

        // Whole seconds: docker-compose 1.29 hands a part of one to the engine, which takes none.
        node["stop_grace_period"] = Time(TimeSpan.FromSeconds(Math.Ceiling(service.StopGrace.TotalSeconds)));
        node["healthcheck"] = Health(service);
        node["logging"] = new JsonObject
        {
            ["driver"] = "json-file",
            ["options"] = new JsonObject { ["max-file"] = Usual.LogFiles.ToString(CultureInfo.InvariantCulture), ["max-size"] = "10m" },
        };
        if (service.DependsOn.Count == 0)
            return;
        node["depends_on"] = new JsonObject(service.DependsOn.Select(name => KeyValuePair.Create(NameOf(workload, name), (JsonNode?)new JsonObject
        {
            ["condition"] = workload.Services.First(one => one.Name == name).Health is null ? "service_started" : "service_healthy",
        })));
    }

    private static JsonObject Health(ServiceWorkload service)
    {
        if (service.Health is not { } health)
            return new JsonObject { ["disable"] = true };
        var port = health.Port ?? service.Ports.FirstOrDefault()?.Number;
        var wait = (int)Math.Ceiling(health.Timeout.TotalSeconds);
        var url = $"http://127.0.0.1:{port}{health.HttpPath}";
        JsonArray test = health switch
        {
            { Command: { Count: > 0 } command } => Texts(command.Prepend("CMD")),
            // Without -T, since Debian's static busybox 1.35 breaks down with it; the engine ends a check that takes too long.
            { HttpPath: not null } => Texts(["CMD-SHELL", $"wget -q -O /dev/null '{url}' || curl -fsS -m {wait} -o /dev/null '{url}' || exit 1"]),
            _ => Texts(["CMD-SHELL", $"nc -z -w {wait} 127.0.0.1 {port} || exit 1"]),
        };
        return new JsonObject
        {
            ["test"] = test,
            ["interval"] = Time(health.Interval),
            ["timeout"] = Time(health.Timeout),
            ["retries"] = health.Retries,
            ["start_period"] = Time(health.StartPeriod),
        };
    }

    private void AddMounts(JsonObject node, ServiceWorkload service, IReadOnlyList<string> files)
    {
        var mounts = new JsonArray();
        foreach (var volume in service.Volumes)
            mounts.Add(new JsonObject { ["type"] = "volume", ["source"] = $"{Slug}-{volume.Name}", ["target"] = Text(volume.Path) });
        for (var i = 0; i < files.Count; i++)
            mounts.Add(new JsonObject { ["type"] = "bind", ["source"] = Text("./" + files[i]), ["target"] = Text(service.Files[i].Path), ["read_only"] = true });
        if (mounts.Count > 0)
            node["volumes"] = mounts;
        if (workload.Secrets.Count > 0)
        {
            var (user, group) = DockerContainers.UserOf(service);
            node["secrets"] = new JsonArray([.. workload.Secrets.Keys.Order(StringComparer.Ordinal).Select(name => new JsonObject { ["source"] = SecretOf(workload, name, user, group), ["target"] = name })]);
        }
    }

    private static string Time(TimeSpan time) => time.Milliseconds == 0
        ? ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture) + "s"
        : ((long)Math.Ceiling(time.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture) + "ms";

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(Text(text)))]);

    // Compose would read variables where the manifest means a dollar.
    private static string Text(string text) => text.Replace("$", "$$", StringComparison.Ordinal);
}
