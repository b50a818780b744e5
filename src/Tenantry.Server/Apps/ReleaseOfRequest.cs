using System.Globalization;
using Tenantry.Model.Apps;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Sources;

namespace Tenantry.Server.Apps;

/// <summary>Makes a release of what was sent, or refuses it with every mistake at once.</summary>
internal static class ReleaseOfRequest
{
    private const string DefaultFileName = "tenantry.yaml";

    public static async Task<(Release Release, IReadOnlyList<string> Notices)> MakeAsync(
        ApplyAppRequest request, SourceUploads uploads, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var errors = new List<ProblemError>();
        if (request.InputsDigest is { Length: > 0 } sent && !(SourceUploads.IsDigest(sent) && await uploads.HasAsync(sent, cancellationToken)))
            errors.Add(new ProblemError("inputsDigest", $"No files with the digest '{sent}' were sent; send them first: PUT /v1/sources/DIGEST."));
        var read = ManifestReader.Read(request.Manifest, request.FileName ?? DefaultFileName);
        errors.AddRange(read.Problems.Select(p => new ProblemError(p.Path, p.Message, p.File, p.Line, p.Column)));
        if (request.ForceBuild && read.Manifest is { Build: null })
            errors.Add(new ProblemError("forceBuild", "The manifest has no build that could be made again."));
        if (read.Manifest is null || errors.Count > 0)
            throw ProblemException.Invalid(errors);
        var manifest = Whole(read, read.Manifest, request.Files);
        var digest = ManifestDigest.Of(manifest);
        var inputs = request.InputsDigest ?? "";
        var forced = request.ForceBuild ? now.ToString("O", CultureInfo.InvariantCulture) : "";
        var release = new Release(
            ReleaseId.Of(manifest.App, digest, inputs, forced),
            manifest.App,
            manifest.Version,
            digest,
            inputs,
            ManifestJson.Write(manifest),
            now);
        return (release, ManifestNotices.Of(manifest));
    }

    private static Manifest Whole(ManifestResult read, Manifest manifest, IReadOnlyDictionary<string, string>? files)
    {
        string? Read(string path) => files?.GetValueOrDefault(path);
        var problems = ManifestSources.Check(read, Read);
        if (problems.Count > 0)
            throw ProblemException.Invalid([.. problems.Select(p => new ProblemError(p.Path, p.Message, p.File, p.Line, p.Column))]);
        return ManifestSources.Inline(manifest, Read);
    }
}
