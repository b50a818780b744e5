using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Instances;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Apps;
using Tenantry.Server.Secrets;
using Tenantry.Server.Store;

namespace Tenantry.Server.Instances;

/// <summary>Secrets of an instance: written, listed without their values, and taken away. No way leads from here to a value.</summary>
internal static class SecretsApi
{
    private const int LongestValue = 256 * 1024;
    private static readonly TimeSpan PatternPatience = TimeSpan.FromSeconds(1);

    public static void MapSecrets(this IEndpointRouteBuilder instances)
    {
        instances.MapGet("/{slug}/secrets", ListAsync).Paged();
        instances.MapPut("/{slug}/secrets/{name}", PutAsync).Changes("secret.set");
        instances.MapDelete("/{slug}/secrets/{name}", DeleteAsync).Changes("secret.delete");
    }

    private static async Task<Ok<PageResponse<SecretResponse>>> ListAsync(string slug, IStore store, CancellationToken cancellationToken)
    {
        var (record, manifest) = await FindAsync(store, slug, cancellationToken);
        var stored = (await store.ListSecretsAsync(record.Spec.Id, cancellationToken)).ToDictionary(s => s.Name, StringComparer.Ordinal);
        return TypedResults.Ok(PageQuery.Whole(manifest.Secrets, s => Response(s, stored.GetValueOrDefault(s.Name))));
    }

    private static async Task<Results<Ok<SecretResponse>, Ok<PlanResponse>>> PutAsync(
        string slug, string name, Body<PutSecretRequest> body, Change change, IStore store, ApiSettings settings, InstanceChanges changes, CancellationToken cancellationToken)
    {
        change.Subject = $"secret {name} of instance {slug}";
        var (record, manifest) = await FindAsync(store, slug, cancellationToken);
        var declared = Declared(manifest, name);
        Check(declared, body.Value.Value);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", null, "a new value")));
        var box = SecretSealer.Seal(settings.EnginePublicKey(), SecretSealer.Context(record.Spec.Id, name), body.Value.Value);
        var stored = await store.PutSecretAsync(record.Spec.Id, name, box, generated: false, cancellationToken);
        await changes.PokeAsync(record.Spec.Id);
        return TypedResults.Ok(Response(declared, stored));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(
        string slug, string name, Change change, IStore store, InstanceChanges changes, CancellationToken cancellationToken)
    {
        change.Subject = $"secret {name} of instance {slug}";
        var (record, _) = await FindAsync(store, slug, cancellationToken);
        if (change.IsDryRun)
        {
            return (await store.ListSecretsAsync(record.Spec.Id, cancellationToken)).Any(s => s.Name == name)
                ? TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", "its value", null)))
                : throw ProblemException.NotFound("value of the secret", name);
        }

        if (!await store.DeleteSecretAsync(record.Spec.Id, name, cancellationToken))
            throw ProblemException.NotFound("value of the secret", name);
        await changes.PokeAsync(record.Spec.Id);
        return TypedResults.NoContent();
    }

    /// <summary>What a plan of an instance should say of secrets that it waits for.</summary>
    public static async Task<IReadOnlyList<string>> NoticesAsync(IStore store, InstanceSpec spec, Manifest manifest, CancellationToken cancellationToken)
    {
        var needed = manifest.Secrets.Where(s => s.Required && s.Generate is null).Select(s => s.Name).ToList();
        if (needed.Count == 0)
            return [];
        var set = (await store.ListSecretsAsync(spec.Id, cancellationToken)).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        var missing = needed.Where(name => !set.Contains(name)).ToList();
        return missing.Count == 0
            ? []
            : [$"Nothing of this is done before {(missing.Count == 1 ? "the secret" : "the secrets")} {string.Join(", ", missing)} {(missing.Count == 1 ? "has a value" : "have values")}: 'tenantry secret set {spec.Slug} {missing[0]}'."];
    }

    private static SecretDefinition Declared(Manifest manifest, string name) => manifest.FindSecret(name) ?? throw new ProblemException(
        StatusCodes.Status404NotFound,
        ProblemCodes.NotFound,
        $"The manifest declares no secret '{name}'.{Nearest.Hint(name, manifest.Secrets.Select(s => s.Name))}");

    // Messages tell the rule, never the value.
    private static void Check(SecretDefinition declared, string value)
    {
        if (Encoding.UTF8.GetByteCount(value) is 0 or > LongestValue)
            throw ProblemException.Invalid("value", $"A value of 1 to {LongestValue} bytes is expected.");
        if (declared.Pattern is null)
            return;
        try
        {
            if (!Regex.IsMatch(value, $@"\A(?:{declared.Pattern})\z", RegexOptions.CultureInvariant, PatternPatience))
                throw ProblemException.Invalid("value", $"The manifest wants a value that matches {declared.Pattern}; this one does not.");
        }
        catch (RegexMatchTimeoutException)
        {
            throw ProblemException.Invalid("value", $"The manifest's pattern {declared.Pattern} takes too long on this value.");
        }
    }

    private static async Task<(InstanceRecord Record, Manifest Manifest)> FindAsync(IStore store, string slug, CancellationToken cancellationToken)
    {
        var record = await InstancesApi.FindAsync(store, slug, cancellationToken);
        var release = await AppsApi.FindReleaseAsync(store, record.Spec.App, record.Spec.Release, cancellationToken);
        return (record, ManifestJson.Read(release.Manifest));
    }

    private static SecretResponse Response(SecretDefinition declared, SealedSecret? stored) => new(
        declared.Name,
        stored is not null,
        declared.Required,
        stored?.Generated ?? declared.Generate is not null,
        stored?.Version ?? 0,
        stored?.CreatedAt,
        declared.Prompt);
}
