using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Engine;
using Tenantry.Server.Instances;
using Tenantry.Server.Store;

namespace Tenantry.Server.Secrets;

/// <summary>What the engine alone can do: seal values for somebody else, and replace its own key.</summary>
internal static class KeysApi
{
    public const string Format = "tenantry-secrets/1";

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/instances/{slug}/secrets/export", ExportAsync).Changes("secret.export").WithTags("Secrets");
        routes.MapPost("/secrets/rekey", RekeyAsync).Changes("secret.rekey").WithTags("Secrets");
    }

    private static async Task<Results<Ok<ExportSecretsResponse>, Ok<PlanResponse>>> ExportAsync(
        string slug, Body<ExportSecretsRequest> body, Change change, IStore store, IEngineLink engine, CancellationToken cancellationToken)
    {
        change.Subject = $"secrets of instance {slug}";
        var spec = (await InstancesApi.FindAsync(store, slug, cancellationToken)).Spec;
        var key = Read(body.Value.PublicKey);
        change.Detail = $"to the key {Convert.ToHexStringLower(SHA256.HashData(key))}";
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of());
        var secrets = await engine.ExportSecretsAsync(spec.Id, key, cancellationToken);
        return TypedResults.Ok(new ExportSecretsResponse(
            Format, spec.App, slug, [.. secrets.Select(one => new ExportedSecretResponse(one.Name, one.Scope, Convert.ToBase64String(one.Sealed)))]));
    }

    private static async Task<Results<Ok<RekeyResponse>, Ok<PlanResponse>>> RekeyAsync(Change change, IEngineLink engine, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = "engine key";
        if (!Caller.Of(context).IsLocal)
            throw ProblemException.Forbidden("The engine's key is replaced on the server's Unix socket alone.");
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", "the present key", "a new key")));
        await change.BeginOutsideAsync();
        var report = await engine.RekeyAsync(CancellationToken.None);
        change.Detail = $"{report.DataKeys} data keys, new key {report.Mark}";
        return TypedResults.Ok(new RekeyResponse(report.DataKeys, report.Mark));
    }

    private static byte[] Read(string pem)
    {
        try
        {
            using var key = ECDiffieHellman.Create();
            if (PemEncoding.TryFind(pem, out var fields) && pem[fields.Label] == "PUBLIC KEY")
            {
                key.ImportFromPem(pem);
                if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value)
                    return key.ExportSubjectPublicKeyInfo();
            }
        }
        catch (Exception failure) when (failure is ArgumentException or CryptographicException)
        {
            // Told below: of what it is instead, which may be a private key, nothing is said.
        }

        throw ProblemException.Invalid("publicKey", "A public key of P-256 in PEM ('-----BEGIN PUBLIC KEY-----') is expected: 'openssl ecparam -name prime256v1 -genkey -noout -out export.key' makes a pair, 'openssl ec -in export.key -pubout' prints its public half.");
    }
}
