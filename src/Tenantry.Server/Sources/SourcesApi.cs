using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.Sources;

/// <summary>Input files of builds, by their digest.</summary>
internal static class SourcesApi
{
    private const string Tar = "application/x-tar";

    public static void MapSources(this IEndpointRouteBuilder routes)
    {
        var sources = routes.MapGroup("/sources").WithTags("Apps");
        sources.MapMethods("/{digest}", [HttpMethods.Head], LookAsync);
        sources.MapPut("/{digest}", PutAsync).Changes("source.put").BodyUpTo(SourceArchive.MostBytes).Accepts<Stream>(Tar);
    }

    private static async Task<Results<Ok, NotFound>> LookAsync(string digest, SourceUploads uploads, CancellationToken cancellationToken) =>
        SourceUploads.IsDigest(digest) && await uploads.HasAsync(digest, cancellationToken) ? TypedResults.Ok() : TypedResults.NotFound();

    private static async Task<Results<Created, NoContent, Ok<PlanResponse>>> PutAsync(
        string digest, Change change, SourceUploads uploads, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = $"source {digest}";
        if (!SourceUploads.IsDigest(digest))
            throw ProblemException.Invalid("digest", "'sha256:' and 64 hexadecimal digits are expected.");
        var isThere = await uploads.HasAsync(digest, cancellationToken);
        if (change.IsDryRun)
            return TypedResults.Ok(isThere ? DryRun.Of() : DryRun.Of(new ChangeResponse(change.Subject, "", null, digest)));
        if (isThere)
            return TypedResults.NoContent();
        try
        {
            await uploads.PutAsync(digest, context.Request.Body, cancellationToken);
        }
        catch (SourceArchiveException refused)
        {
            throw ProblemException.Invalid("", refused.Message);
        }

        return TypedResults.Created($"/v1/sources/{digest}");
    }
}
