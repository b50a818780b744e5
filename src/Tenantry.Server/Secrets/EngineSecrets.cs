using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Tenantry.Model.Manifests;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Secrets;

/// <summary>What the engine does with secrets for the api.</summary>
public sealed class EngineSecrets(IStore store, SecretVault vault, EngineRekey rekey, ExportRecipients recipients, ILogger<EngineSecrets> log)
{
    public SecretVault Vault => vault;

    public EngineRekey Rekey => rekey;

    /// <summary>What is in force for an instance, sealed to a public key.</summary>
    /// <exception cref="KeyNotFoundException">There is no such instance.</exception>
    /// <exception cref="TargetException">The key is none of P-256, or a secret cannot be opened.</exception>
    public async Task<IReadOnlyList<ExportedSecret>> ExportAsync(string instanceId, byte[] recipient, CancellationToken cancellationToken)
    {
        var mark = ExportRecipients.MarkOf(recipient);
        if (!recipients.Admits(recipient))
            throw new TargetException($"The engine exports secrets to the keys of its --export-recipients alone, and {mark} is none of them.", retryable: false, fix: "Add the key's PEM to that file on the engine's machine and start it again.", fault: TargetFault.Input);
        var spec = (await store.FindInstanceAsync(instanceId, cancellationToken))?.Spec ?? throw new KeyNotFoundException($"There is no instance {instanceId}.");
        var release = await store.FindReleaseAsync(spec.Release, cancellationToken) ?? throw new KeyNotFoundException($"There is no release {spec.Release}.");
        try
        {
            var exported = await vault.ExportAsync(spec, ManifestJson.Read(release.Manifest), recipient, cancellationToken);
            log.LogInformation("{Count} secrets of {Slug} were sealed to the key {Recipient} and handed out", exported.Count, spec.Slug, mark);
            return exported;
        }
        catch (SecretUnreadableException failure)
        {
            throw new TargetException($"{failure.Message} with 'tenantry secret set'.", retryable: false, cause: failure);
        }
        catch (CryptographicException failure)
        {
            throw new TargetException("The key that the secrets shall be sealed to is not a public key of P-256.", retryable: false, cause: failure, fault: TargetFault.Input);
        }
    }
}
