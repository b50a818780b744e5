using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Releases;

namespace Tenantry.Targets.Docker.Images;

/// <summary>Finds images in the engine, and brings them there: pulled, loaded from an archive, or built once for all tenants.</summary>
internal sealed class ImageStore(IEngine engine, ReleaseNotes tags)
{
    /// <summary>Names of images that were built or loaded by us begin so.</summary>
    internal const string OwnPrefix = "tenantry/";

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>The name by which the engine knows a service's image.</summary>
    internal static string ReferenceOf(InstanceWorkload workload, ServiceWorkload service)
    {
        if (service.Image is { Length: > 0 } image)
            return image;
        if (service.Root.Kind == RootKind.Image)
            return $"{OwnPrefix}image:{Tag($"{workload.Release.Build?.Key}\n{workload.Release.Id}\n{service.Root.Path}")}";
        return $"{OwnPrefix}build:{workload.Release.Build!.Key}";
    }

    // A tag of ours for each release that names its image by a tag: whoever moves that one moves no release. A digest cannot be moved.
    private static string? KeptAs(InstanceWorkload workload, ServiceWorkload service) =>
        service.Image is { Length: > 0 } image && !image.Contains('@', StringComparison.Ordinal) ? $"{OwnPrefix}release:{Tag($"{workload.Release.Id}\n{image}")}" : null;

    internal static ResourceName Resource(string reference) => new("image", reference);

    /// <summary>The id of a service's image, or null when the engine does not have it.</summary>
    internal async Task<string?> FindAsync(InstanceWorkload workload, ServiceWorkload service, CancellationToken cancellationToken) =>
        (KeptAs(workload, service) is { } kept ? await FindAsync(kept, cancellationToken) : null) ?? await FindAsync(ReferenceOf(workload, service), cancellationToken);

    private async Task<string?> FindAsync(string reference, CancellationToken cancellationToken)
    {
        try
        {
            return (await engine.GetAsync($"/images/{reference}/json", cancellationToken)).GetProperty("Id").GetString();
        }
        catch (EngineException error) when (DockerErrors.IsGone(error))
        {
            return null;
        }
    }

    /// <summary>Brings it to the engine, unless it is there. Gives its id.</summary>
    internal async Task<string> EnsureAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        var kept = KeptAs(workload, service);
        if ((kept ?? ReferenceOf(workload, service)) is var own && own.StartsWith(OwnPrefix, StringComparison.Ordinal))
            tags.Add(workload.Release.Id, own);
        if (kept is not null && await FindAsync(kept, cancellationToken) is { } there)
            return there;
        var id = await BringAsync(workload, service, progress, cancellationToken);
        if (kept is not null)
            await TagAsync(id, kept, cancellationToken);
        return id;
    }

    /// <summary>Releases for which the engine has names of ours.</summary>
    internal IReadOnlyList<string> Releases() => tags.Releases();

    /// <summary>Takes names of ours away that only this release needs, and with its last name an image. Others' names stay, and so does what a container is made of.</summary>
    internal async Task ForgetAsync(string release, CancellationToken cancellationToken)
    {
        foreach (var tag in tags.OfAlone(release))
            await engine.DeleteAsync($"/images/{tag}", cancellationToken);
        tags.Remove(release);
    }

    // One brings it, however many want it at once.
    private async Task<string> BringAsync(InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        var reference = ReferenceOf(workload, service);
        var turn = _turns.GetOrAdd(reference, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            return await FindAsync(reference, cancellationToken) ?? await BringAsync(reference, workload, service, progress, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<string> BringAsync(string reference, InstanceWorkload workload, ServiceWorkload service, Action<string> progress, CancellationToken cancellationToken)
    {
        if (service.Image is { Length: > 0 })
            await PullAsync(reference, progress, cancellationToken);
        else if (service.Root.Kind == RootKind.Image)
            await LoadAsync(reference, ArchivePath(workload, service), progress, cancellationToken);
        else
            await BuildAsync(reference, workload.Release, progress, cancellationToken);
        return await FindAsync(reference, cancellationToken)
            ?? throw new TargetException($"The image {reference} is still not there.", retryable: true, Resource(reference));
    }

    /// <summary>What a pull of a reference asks for: repository and tag or digest apart.</summary>
    internal static (string Repository, string Tag) Split(string reference)
    {
        var at = reference.IndexOf('@', StringComparison.Ordinal);
        if (at > 0)
            return (reference[..at], reference[(at + 1)..]);
        var colon = reference.LastIndexOf(':');
        return colon > reference.LastIndexOf('/') ? (reference[..colon], reference[(colon + 1)..]) : (reference, "latest");
    }

    private async Task PullAsync(string reference, Action<string> progress, CancellationToken cancellationToken)
    {
        var (repository, tag) = Split(reference);
        using var nothing = new MemoryStream();
        var path = $"/images/create?fromImage={Uri.EscapeDataString(repository)}&tag={Uri.EscapeDataString(tag)}";
        await FollowAsync(new Errand($"Pulling {reference}", reference, IsOfTheRelease: false, "Correct the service's image, let the engine reach and log in to its registry, or give run.root an image archive."), path, nothing, progress, cancellationToken);
    }

    private async Task BuildAsync(string reference, ReleaseSource release, Action<string> progress, CancellationToken cancellationToken)
    {
        var build = release.Build!;
        var arguments = build.Environment.Count == 0 ? "" : "&buildargs=" + Uri.EscapeDataString(JsonSerializer.Serialize(build.Environment));
        var path = $"/build?t={Uri.EscapeDataString(reference)}&rm=1&forcerm=1&dockerfile={Uri.EscapeDataString(build.Dockerfile!)}{(build.IsForced ? "&nocache=1" : "")}{arguments}";
        await using var context = await BuildContext.WriteAsync(release.SourceFolder, build, cancellationToken);
        var errand = new Errand($"Building {build.Dockerfile}", reference, IsOfTheRelease: true, "Mend it, then 'tenantry app apply' and deploy the new release.");
        await FollowAsync(errand, path, context, progress, cancellationToken);
    }

    private async Task LoadAsync(string reference, string archive, Action<string> progress, CancellationToken cancellationToken)
    {
        await using var stream = ImageArchive.Open(archive);
        var errand = new Errand($"Loading {archive}", reference, IsOfTheRelease: true, "Make it anew ('docker save', or an OCI layout), then 'tenantry app apply' and deploy the new release.");
        var loaded = await FollowAsync(errand, "/images/load?quiet=1", stream, progress, cancellationToken);
        await TagAsync(Uri.EscapeDataString(LoadedName(loaded) ?? throw Odd(archive)), reference, cancellationToken);
    }

    private async Task TagAsync(string image, string name, CancellationToken cancellationToken)
    {
        var (repository, tag) = Split(name);
        await engine.PostAsync($"/images/{image}/tag?repo={repository}&tag={tag}", null, cancellationToken);
    }

    private static string ArchivePath(InstanceWorkload workload, ServiceWorkload service) => RootedPath.ResolveOnHost(workload.Release.SourceFolder, service.Root.Path);

    /// <summary>What the engine says that it loaded: <c>Loaded image: name</c> or <c>Loaded image ID: sha256:…</c>.</summary>
    internal static string? LoadedName(IEnumerable<string> lines) => lines
        .Where(line => line.StartsWith("Loaded image", StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Trim())
        .LastOrDefault();

    private async Task<IReadOnlyList<string>> FollowAsync(Errand errand, string path, Stream body, Action<string> progress, CancellationToken cancellationToken)
    {
        var said = new List<string>();
        await using var stream = await OpenAsync(errand, path, body, cancellationToken);
        using var reader = new StreamReader(stream);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
                continue;
            var json = JsonElement.Parse(line);
            if (json.TryGetProperty("error", out var error))
            {
                var last = string.Join(" | ", said.TakeLast(5));
                throw errand.Failure(error.GetString() ?? "", last.Length > 0 ? $" Its last lines: {last}" : "");
            }

            if (Text(json) is not { Length: > 0 } text)
                continue;
            if (said.Count == 0 || said[^1] != text)
                progress(text);
            said.Add(text);
        }

        return said;
    }

    private async Task<Stream> OpenAsync(Errand errand, string path, Stream body, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.StreamAsync(path, body, cancellationToken);
        }
        catch (EngineException error) when (error.Status is not null)
        {
            throw errand.Failure(error.Message, "", error);
        }
    }

    private static string? Text(JsonElement json)
    {
        if (json.TryGetProperty("stream", out var stream))
            return stream.GetString()?.Trim();
        if (!json.TryGetProperty("status", out var status))
            return null;
        return json.TryGetProperty("id", out var id) ? $"{id.GetString()}: {status.GetString()}" : status.GetString();
    }

    private static string Tag(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40];

    private static TargetException Odd(string archive) => new($"The engine did not say what it loaded from {archive}.", retryable: false);

    /// <summary>How an image is brought.</summary>
    /// <param name="What">In words.</param>
    /// <param name="Reference">Which.</param>
    /// <param name="IsOfTheRelease">True when all that it needs is in the release, so that what fails once fails always, unless something was in the way.</param>
    /// <param name="Fix">What to do when it fails.</param>
    private sealed record Errand(string What, string Reference, bool IsOfTheRelease, string Fix)
    {
        internal TargetException Failure(string why, string last, Exception? cause = null)
        {
            var isInTheWay = DockerErrors.IsInTheWay(why + last);
            return new TargetException($"{What} failed: {why.Trim().TrimEnd('.')}.{last}", !IsOfTheRelease || isInTheWay, Resource(Reference), IsOfTheRelease && isInTheWay ? null : Fix, cause, DockerErrors.FaultOf(why));
        }
    }
}
