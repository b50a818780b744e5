using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Aws;

/// <summary>What Terraform is told of an instance beside the target's own settings.</summary>
/// <param name="Workload">What is wanted.</param>
/// <param name="Tier">What its tier means here.</param>
/// <param name="Range">Its network.</param>
/// <param name="SecretArn">Its secret; empty while there is none.</param>
/// <param name="Images">Image references by digest, by the reference in the manifest.</param>
internal sealed record AwsVariableParts(InstanceWorkload Workload, AwsTier Tier, IPNetwork Range, string SecretArn, IReadOnlyDictionary<string, string> Images)
{
    /// <summary>What names with a short limit begin with: as it was made, since another one would make everything anew.</summary>
    internal string Name { get; init; } = AwsNames.Short(Workload.Ref);

    /// <summary>Zones that its subnets are in; null while it has none.</summary>
    internal IReadOnlyList<string>? Zones { get; init; }

    /// <summary>True when it has a file system already: what is in it stays until the instance is deleted, also when its manifest names no volume any more.</summary>
    internal bool HasFiles { get; init; }
}

/// <summary>Turns a workload into Terraform's variables. Pure. No secret's value is in them.</summary>
internal static class AwsVariables
{
    private const string Writer = "tenantry-files";
    private const string SecretsFolder = "/run/secrets";

    /// <summary>Variables of the instance: what is kept in its record.</summary>
    internal static JsonObject Of(AwsVariableParts parts, AwsTargetOptions options)
    {
        var (workload, tier) = (parts.Workload, parts.Tier);
        var size = FargateSize.For(workload.Limits.Cpu, workload.Limits.MemoryBytes);
        var entry = Entry(workload);
        var isBalanced = options.IsBalanced && workload.EntryPort is not null;
        var variables = new JsonObject
        {
            ["client"] = workload.Labels.Tenant,
            ["stem"] = AwsNames.Stem(workload),
            ["environment"] = workload.Labels.Environment,
            ["cost_center"] = CostCenter(workload.Labels),
            ["owner"] = workload.Ref.Owner,
            ["workspace"] = AwsNames.Workspace(workload),
            ["name"] = parts.Name,
            ["network"] = new JsonObject
            {
                ["cidr"] = parts.Range.ToString(),
                ["zones"] = Texts(parts.Zones ?? options.Zones),
                ["exit"] = workload.Egress.Mode == EgressMode.None ? "endpoints" : tier.Exit ?? options.Exit,
            },
            ["service"] = new JsonObject
            {
                ["cpu"] = size.Cpu,
                ["memory"] = size.Memory,
                ["min"] = tier.Min,
                ["max"] = tier.Max,
                ["asleep"] = false,
                ["platform"] = tier.Platform,
                ["container"] = entry.Name,
                ["port"] = workload.EntryPort ?? 0,
                ["entry"] = string.Join(',', options.Gateways.Count > 0 ? options.Gateways : ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
                ["grace"] = isBalanced ? (int)(entry.Health?.StartPeriod.TotalSeconds ?? 0) : 0,
                ["restart"] = workload.RestartNonce.ToString(CultureInfo.InvariantCulture),
                ["health_port"] = isBalanced && entry.Health is { HttpPath: not null, Port: { } port } && port != workload.EntryPort ? port : 0,
            },
            ["containers"] = Containers(parts, options),
            ["shared_folders"] = Texts(SharedFolders(workload)),
            ["volumes"] = Volumes(workload),
            ["files"] = parts.HasFiles || workload.Services.Any(service => service.Volumes.Count > 0),
            ["secret_arn"] = parts.SecretArn,
            ["boundary"] = options.Boundary,
            ["repositories"] = Texts(Images(workload, options).Select(image => Repository(parts.Images.GetValueOrDefault(image, image))).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)),
            ["load_balancer"] = isBalanced ? LoadBalancerVariables.Of(entry.Health, options) : null,
            ["redis"] = tier.Redis is { } redis ? new JsonObject { ["node_type"] = redis.NodeType, ["nodes"] = redis.Nodes } : null,
            ["logs_days"] = tier.LogsDays,
            ["monitoring"] = new JsonObject { ["on"] = tier.Monitoring, ["topic"] = options.Topic },
            ["record"] = new JsonObject { ["id"] = workload.Ref.Id, ["slug"] = workload.Ref.Slug, ["digest"] = workload.Digest, ["release"] = workload.Release.Id },
        };
        return variables;
    }

    /// <summary>The same with what is the target's: where it is, and as whom.</summary>
    internal static JsonObject Whole(JsonObject instance, AwsTargetOptions options, string roleArn, bool isAsleep)
    {
        var all = (JsonObject)instance.DeepClone();
        all["project"] = options.Project;
        all["region"] = options.Region;
        all["endpoint"] = options.Endpoint?.ToString().TrimEnd('/') ?? "";
        all["profile"] = options.Profile ?? "";
        all["max_retries"] = options.Endpoint is null ? 25 : 2;
        all["role_arn"] = roleArn;
        all["service"]!["asleep"] = isAsleep;
        return all;
    }

    /// <summary>What decides which resources a new instance has: its variables without names, texts and numbers that are no part of any address.</summary>
    internal static string PartsOf(JsonObject variables)
    {
        var parts = (JsonObject)variables.DeepClone();
        foreach (var name in (string[])["client", "stem", "environment", "cost_center", "owner", "workspace", "name", "containers", "record"])
            parts.Remove(name);
        parts["network"]!.AsObject().Remove("cidr");
        parts["secret_arn"] = variables["secret_arn"]?.GetValue<string>().Length > 0;
        return parts.ToJsonString();
    }

    /// <summary>ARN of the ECR repository that an image is in, or null when it is elsewhere.</summary>
    internal static string? Repository(string image)
    {
        // ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME
        var parts = image.Split('/', 2);
        if (parts.Length < 2 || parts[0].Split('.') is not [var account, "dkr", "ecr", var region, ..])
            return null;
        return $"arn:{AwsNames.Partition(region)}:ecr:{region}:{account}:repository/{parts[1].Split('@')[0].Split(':')[0]}";
    }

    /// <summary>All that Fargate fetches for it: the services', and that of the container which writes their files.</summary>
    internal static IEnumerable<string> Images(InstanceWorkload workload, AwsTargetOptions options) =>
        workload.Services.Select(service => service.Image!).Append(options.FilesImage).Distinct(StringComparer.Ordinal);

    // Of what AWS takes in a tag.
    private static string CostCenter(WorkloadLabels labels) =>
        labels.CostCentre.Length > 0 ? Regex.Replace(labels.CostCentre, @"[^\p{L}\p{Z}\p{N}_.:/=+@-]", "-", RegexOptions.NonBacktracking) : labels.Tenant;

    private static ServiceWorkload Entry(InstanceWorkload workload) =>
        workload.Services.FirstOrDefault(service => service.Ports.Any(port => port.Number == workload.EntryPort)) ?? workload.Services[^1];

    private static JsonArray Containers(AwsVariableParts parts, AwsTargetOptions options)
    {
        var workload = parts.Workload;
        var containers = new JsonArray();
        containers.Add(FileWriter(parts, options));
        foreach (var service in workload.Services)
            containers.Add(Container(parts, service));
        return containers;
    }

    private static JsonObject Container(AwsVariableParts parts, ServiceWorkload service)
    {
        var workload = parts.Workload;
        var container = new JsonObject
        {
            ["name"] = service.Name,
            ["image"] = parts.Images.GetValueOrDefault(service.Image!, service.Image!),
            ["essential"] = true,
            ["user"] = User(service),
            ["readonlyRootFilesystem"] = true,
            ["stopTimeout"] = Math.Max(2, (int)service.StopGrace.TotalSeconds),
            ["linuxParameters"] = new JsonObject { ["initProcessEnabled"] = true, ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") } },
            ["environment"] = new JsonArray([.. service.Env.Where(pair => !AwsSecretDocument.IsSecret(workload, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => (JsonNode)new JsonObject { ["name"] = pair.Key, ["value"] = pair.Value })]),
            ["secrets"] = new JsonArray([.. service.Env.Where(pair => AwsSecretDocument.IsSecret(workload, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => (JsonNode)Secret(pair.Key, AwsSecretDocument.VariableKey(service, pair.Key)))]),
            ["portMappings"] = new JsonArray([.. service.Ports.Select(port => (JsonNode)new JsonObject { ["containerPort"] = port.Number, ["hostPort"] = port.Number, ["protocol"] = "tcp" })]),
            ["mountPoints"] = new JsonArray([.. Mounts(workload, service)]),
            ["dockerLabels"] = new JsonObject { ["tenantry.workload"] = workload.Digest },
        };
        if (service.Command.Count > 0)
            container["command"] = Texts(service.Command);
        if (service.WorkingDirectory.Length > 0)
            container["workingDirectory"] = service.WorkingDirectory;
        if (service.Health is { Command: { } check } health)
            container["healthCheck"] = Check(health, ["CMD", .. check]);
        var needs = service.DependsOn.Select(name => (Name: name, Condition: workload.Services.First(other => other.Name == name).Health?.Command is null ? "START" : "HEALTHY")).ToList();
        needs.Insert(0, (Writer, "SUCCESS"));
        container["dependsOn"] = new JsonArray([.. needs.Select(need => (JsonNode)new JsonObject { ["containerName"] = need.Name, ["condition"] = need.Condition })]);
        return container;
    }

    private static JsonObject Check(HealthWorkload health, IEnumerable<string> command) => new()
    {
        ["command"] = Texts(command),
        ["interval"] = Math.Clamp((int)health.Interval.TotalSeconds, 5, 300),
        ["timeout"] = Math.Clamp((int)health.Timeout.TotalSeconds, 2, 60),
        ["retries"] = Math.Clamp(health.Retries, 1, 10),
        ["startPeriod"] = Math.Clamp((int)health.StartPeriod.TotalSeconds, 0, 300),
    };

    private static IEnumerable<JsonNode> Mounts(InstanceWorkload workload, ServiceWorkload service)
    {
        yield return Mount(TemporaryFolder(service), "/tmp", readOnly: false);
        foreach (var volume in service.Volumes)
            yield return Mount(volume.Name, volume.Path, readOnly: false);
        if (workload.Secrets.Count > 0)
            yield return Mount("run-secrets", SecretsFolder, readOnly: true);
        foreach (var (folder, number) in Folders(service))
            yield return Mount(FilesFolder(service, number), folder, readOnly: true);
    }

    private static JsonObject Mount(string source, string path, bool readOnly) => new() { ["sourceVolume"] = source, ["containerPath"] = path, ["readOnly"] = readOnly };

    // A container that ends before the others begin: writes secrets and files into folders that they share, and opens the folders for temporary files, which Fargate gives to root alone.
    private static JsonObject FileWriter(AwsVariableParts parts, AwsTargetOptions options)
    {
        var workload = parts.Workload;
        var lines = new List<string> { "set -e", "umask 022" };
        var (secrets, mounts) = (new JsonArray(), new JsonArray());
        void Take(string key, string path, int mode, ServiceWorkload? of)
        {
            var name = $"V{secrets.Count}";
            secrets.Add(Secret(name, key));
            lines.Add($"printf %s \"${name}\"{(of is null ? "" : " | base64 -d")} > {Quoted(path)}");
            // A file belongs to whom its service runs as: its mode may keep it from everybody else. A secret is for all services.
            if (of is not null)
                lines.Add($"chown {Ids(of).Uid}:{Ids(of).Gid} {Quoted(path)}");
            lines.Add($"chmod {Convert.ToString(mode, 8)} {Quoted(path)}");
        }

        foreach (var service in workload.Services)
        {
            mounts.Add(Mount(TemporaryFolder(service), $"/w/tmp-{service.Name}", readOnly: false));
            lines.Add($"chmod 1777 /w/tmp-{service.Name}");
        }

        if (workload.Secrets.Count > 0)
            mounts.Add(Mount("run-secrets", "/w/secrets", readOnly: false));
        foreach (var name in workload.Secrets.Keys.Order(StringComparer.Ordinal))
            Take(name, $"/w/secrets/{name}", 0x124, of: null);
        foreach (var service in workload.Services)
        {
            foreach (var (folder, number) in Folders(service))
            {
                mounts.Add(Mount(FilesFolder(service, number), $"/w/{service.Name}-{number}", readOnly: false));
                for (var i = 0; i < service.Files.Count; i++)
                {
                    if (Path.GetDirectoryName(service.Files[i].Path) == folder)
                        Take(AwsSecretDocument.FileKey(service, i), $"/w/{service.Name}-{number}/{Path.GetFileName(service.Files[i].Path)}", service.Files[i].Mode, service);
                }
            }
        }

        return new JsonObject
        {
            ["name"] = Writer,
            ["image"] = parts.Images.GetValueOrDefault(options.FilesImage, options.FilesImage),
            ["essential"] = false,
            ["user"] = "0:0",
            ["readonlyRootFilesystem"] = true,
            ["command"] = new JsonArray("sh", "-c", string.Join('\n', lines)),
            ["secrets"] = secrets,
            ["mountPoints"] = mounts,
        };
    }

    private static IEnumerable<string> SharedFolders(InstanceWorkload workload)
    {
        if (workload.Secrets.Count > 0)
            yield return "run-secrets";
        foreach (var service in workload.Services)
        {
            yield return TemporaryFolder(service);
            foreach (var (_, number) in Folders(service))
                yield return FilesFolder(service, number);
        }
    }

    private static JsonObject Volumes(InstanceWorkload workload)
    {
        var volumes = new JsonObject();
        foreach (var service in workload.Services)
        {
            foreach (var volume in service.Volumes.Where(volume => !volumes.ContainsKey(volume.Name)))
                volumes[volume.Name] = new JsonObject { ["uid"] = Ids(service).Uid, ["gid"] = Ids(service).Gid };
        }

        return volumes;
    }

    private static string User(ServiceWorkload service) => service.User.Length > 0 ? service.User : "1000:1000";

    private static (int Uid, int Gid) Ids(ServiceWorkload service)
    {
        var parts = User(service).Split(':');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[^1], CultureInfo.InvariantCulture));
    }

    private static IEnumerable<(string Folder, int Number)> Folders(ServiceWorkload service) =>
        service.Files.Select(file => Path.GetDirectoryName(file.Path)!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select((folder, number) => (folder, number));

    private static string FilesFolder(ServiceWorkload service, int number) => $"files-{service.Name}-{number}";

    private static string TemporaryFolder(ServiceWorkload service) => $"tmp-{service.Name}";

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static JsonObject Secret(string name, string key) => new() { ["name"] = name, ["key"] = key };

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode?)text)];
}
