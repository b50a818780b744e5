using System.Text.Json;
using System.Xml.Linq;
using Tenantry.Targets.Aws.Api;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>Answers of AWS as they were written down, for what the emulator never says. A call without one is refused with a code that ends in <c>NotFound</c>.</summary>
/// <param name="answer">JSON or XML by service and operation; null for none.</param>
internal sealed class RecordedAws(Func<string, string, string?> answer) : IAws
{
    internal List<string> Asked { get; } = [];

    public Task<JsonElement> JsonAsync(AwsService service, string target, object body, CancellationToken cancellationToken)
    {
        Asked.Add($"{target} {JsonSerializer.Serialize(body)}");
        return Task.FromResult(JsonSerializer.Deserialize<JsonElement>(answer(service.Name, target) ?? throw None(target)));
    }

    public Task<XElement> QueryAsync(AwsService service, string action, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken)
    {
        Asked.Add($"{action} {string.Join(' ', parameters.Select(pair => $"{pair.Key}={pair.Value}"))}");
        return Task.FromResult(XElement.Parse(answer(service.Name, action) ?? throw None(action)));
    }

    public Task<JsonElement> RestAsync(AwsService service, string path, CancellationToken cancellationToken) => throw None(path);

    public Task<byte[]?> GetObjectAsync(string bucket, string key, CancellationToken cancellationToken) => throw None(key);

    public Task PutObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw None(key);

    public Task<bool> PutNewObjectAsync(string bucket, string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw None(key);

    public Task DeleteObjectAsync(string bucket, string key, CancellationToken cancellationToken) => throw None(key);

    public Task<IReadOnlyList<string>> ListObjectsAsync(string bucket, string prefix, CancellationToken cancellationToken) => throw None(prefix);

    public IAws As(string roleArn) => this;

    // DescribeListeners: ListenerNotFound.
    private static AwsException None(string what) => new($"{what.Replace("Describe", "", StringComparison.Ordinal).TrimEnd('s')}NotFound", $"There is no {what}.", 400);
}
