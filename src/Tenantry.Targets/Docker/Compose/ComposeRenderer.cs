using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Docker.Compose;

/// <summary>One Compose file for any set of instances. Pure: equal workloads, options and overrides give equal texts.</summary>
public static class ComposeRenderer
{
    private const string Header = PresentCompose.Mark + " and made anew by it: what is changed here is lost. Changes of your own belong into an overrides file.\n";

    /// <summary>Renders them, in the order of their slugs.</summary>
    /// <param name="workloads">The instances, resolved with <see cref="SecretMarks"/> instead of secrets.</param>
    /// <param name="options">How.</param>
    /// <param name="overrides">What the operator wants otherwise.</param>
    /// <exception cref="TargetException">The range of networks is no range, or too small.</exception>
    public static RenderedCompose Render(IReadOnlyCollection<InstanceWorkload> workloads, ComposeOptions options, ComposeOverrides overrides)
    {
        var skipped = new List<SkippedInstance>();
        var good = new List<InstanceWorkload>();
        foreach (var workload in workloads.OrderBy(one => one.Ref.Slug, StringComparer.Ordinal))
        {
            if (WhyNot(workload) is { } reason)
                skipped.Add(new SkippedInstance(workload.Ref.Slug, reason));
            else
                good.Add(workload);
        }

        var parts = new ComposeParts(options, Subnets(good, options));
        foreach (var workload in good)
            parts.Add(workload);
        overrides.Apply(parts.Services);
        return new RenderedCompose(
            Header + ComposeText.Write(parts.Root()),
            [.. parts.Files.Values],
            [.. parts.Folders],
            parts.Secrets,
            parts.Variables,
            [.. good.Select(workload => workload.Ref.Slug)],
            skipped,
            [.. ComposeNotices.Of(good), .. overrides.NoticesOf(parts.Services)]);
    }

    private static string? WhyNot(InstanceWorkload workload)
    {
        try
        {
            DockerWorkloadCheck.Refuse(workload, remote: null);
        }
        catch (TargetException refused)
        {
            return refused.Sentence;
        }

        foreach (var service in workload.Services)
        {
            foreach (var (where, text) in ComposeService.Open(service))
            {
                if (SecretMarks.In(text).FirstOrDefault() is { } secret)
                    return $"{where} of service {service.Name} would hold the secret '{secret}' in clear. Let the app read /run/secrets/{secret}, or a variable.";
            }
        }

        return null;
    }

    private static Dictionary<string, IPNetwork> Subnets(List<InstanceWorkload> workloads, ComposeOptions options)
    {
        if (!IPNetwork.TryParse(options.Subnets, out var range) || range.BaseAddress.GetAddressBytes().Length != 4 || range.PrefixLength is < 8 or > SubnetAllocator.PrefixLength)
            throw new TargetException($"'{options.Subnets}' is no range that networks can be cut from: an IPv4 range with a prefix from 8 to {SubnetAllocator.PrefixLength} is expected, such as 10.208.0.0/12.", retryable: false);
        if (workloads.Count > SubnetAllocator.Capacity(range))
            throw new TargetException($"{range} has room for {SubnetAllocator.Capacity(range)} networks and {workloads.Count} are needed. Give a larger range.", retryable: false);
        return ComposeNetworks.Choose(workloads.Select(workload => workload.Ref.Slug), range, options.Present);
    }
}

/// <summary>What a Compose file is put together from.</summary>
internal sealed class ComposeParts(ComposeOptions options, IReadOnlyDictionary<string, IPNetwork> subnets)
{
    private readonly JsonObject _networks = [];
    private readonly JsonObject _volumes = [];
    private readonly JsonObject _secrets = [];

    internal JsonObject Services { get; } = [];

    internal SortedDictionary<string, ComposeFile> Files { get; } = new(StringComparer.Ordinal);

    internal SortedSet<string> Folders { get; } = new(StringComparer.Ordinal);

    internal List<ComposeSecret> Secrets { get; } = [];

    internal List<ComposeVariable> Variables { get; } = [];

    internal void Add(InstanceWorkload workload)
    {
        var slug = workload.Ref.Slug;
        var made = new ComposeService(workload, options, Variables);
        foreach (var service in workload.Services)
        {
            var image = ComposeImage.Of(workload, service, options.Folder);
            if (image is not null)
            {
                Files[$"{image.Folder}/Dockerfile"] = new ComposeFile($"{image.Folder}/Dockerfile", image.Dockerfile, 0, 0);
                Folders.Add(image.Empty);
            }

            var files = FilesOf(slug, service);
            foreach (var file in files)
                Files[file.Path] = file;
            Services[ComposeService.NameOf(workload, service.Name)] = made.Of(service, image, [.. files.Select(file => file.Path)], Digest(files));
        }

        _networks[slug] = ComposeNetworks.Of(workload, subnets[slug], made.Labels());
        foreach (var volume in ServiceShape.VolumesOf(workload))
            _volumes[$"{slug}-{volume.Name}"] = new JsonObject { ["labels"] = made.Labels() };
        AddSecrets(workload);
    }

    internal JsonObject Root()
    {
        var root = new JsonObject { ["services"] = Services, ["networks"] = _networks };
        if (_volumes.Count > 0)
            root["volumes"] = _volumes;
        if (_secrets.Count > 0)
            root["secrets"] = _secrets;
        return root;
    }

    private void AddSecrets(InstanceWorkload workload)
    {
        foreach (var (user, group) in workload.Services.Select(DockerContainers.UserOf).Distinct())
        {
            foreach (var name in workload.Secrets.Keys.Order(StringComparer.Ordinal))
            {
                var part = ComposeService.SecretPart(workload, user, group);
                var path = $"{options.Folder}/{workload.Ref.Slug}/secrets{part}/{name}";
                _secrets[ComposeService.SecretOf(workload, name, user, group)] = new JsonObject { ["file"] = "./" + path };
                Secrets.Add(new ComposeSecret(workload.Ref.Slug, name, path, user, group));
            }
        }
    }

    private List<ComposeFile> FilesOf(string slug, ServiceWorkload service)
    {
        var (user, group) = DockerContainers.UserOf(service);
        return [.. service.Files.Select((file, i) => new ComposeFile($"{options.Folder}/{slug}/files/{service.Name}/{i}-{Path.GetFileName(file.Path)}", file.Content, user, group) { Mode = (file.Mode & 0x16D) | 0x100 })];
    }

    private static string Digest(List<ComposeFile> files)
    {
        var text = new StringBuilder();
        foreach (var file in files)
            text.Append(file.Path).Append('\0').Append(file.Content).Append('\0').Append(file.Mode == ComposeFile.UsualMode ? "" : $"{file.Mode}\0");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }
}
