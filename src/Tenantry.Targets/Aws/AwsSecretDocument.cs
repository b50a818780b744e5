using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tenantry.Model.Workloads;

namespace Tenantry.Targets.Aws;

/// <summary>
/// What an instance's one secret holds: the app's secrets by name, variables that hold one of their values as <c>env.SERVICE.NAME</c>, and rendered files as <c>file.SERVICE.N</c> in
/// base64. Written by the API of Secrets Manager alone: no file, variable or state of Terraform ever has a value.
/// </summary>
/// <param name="Values">By key.</param>
internal sealed record AwsSecretDocument(IReadOnlyDictionary<string, string> Values)
{
    /// <summary>Secrets Manager's limit, bytes.</summary>
    internal const int MostBytes = 65_536;

    internal static AwsSecretDocument Of(InstanceWorkload workload)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in workload.Secrets)
            values[name] = value;
        foreach (var service in workload.Services)
        {
            foreach (var (name, value) in service.Env.Where(pair => IsSecret(workload, pair.Value)))
                values[VariableKey(service, name)] = value;
            for (var i = 0; i < service.Files.Count; i++)
                values[FileKey(service, i)] = Convert.ToBase64String(Encoding.UTF8.GetBytes(service.Files[i].Content));
        }

        return new AwsSecretDocument(values);
    }

    internal static string VariableKey(ServiceWorkload service, string name) => $"env.{service.Name}.{name}";

    internal static string FileKey(ServiceWorkload service, int number) => $"file.{service.Name}.{number}";

    /// <summary>True for a variable's value in which a secret's is.</summary>
    internal static bool IsSecret(InstanceWorkload workload, string value) =>
        workload.Secrets.Values.Any(secret => secret.Length > 0 && value.Contains(secret, StringComparison.Ordinal));

    internal bool IsEmpty => Values.Count == 0;

    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(Values);

    internal string Digest => Convert.ToHexStringLower(SHA256.HashData(Write()));

    /// <summary>Says how much there is, and nothing of it.</summary>
    public override string ToString() => $"{Values.Count} values";
}
