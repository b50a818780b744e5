using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;

namespace Tenantry.Targets.Aws.Api;

/// <summary>Reads what AWS answers. Pure.</summary>
internal static class AwsAnswers
{
    internal static XElement Xml(byte[] answer)
    {
        using var reader = XmlReader.Create(new MemoryStream(answer), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
        return XElement.Load(reader);
    }

    /// <summary>Keys of a role, as STS gives them.</summary>
    internal static AwsKeys Keys(XElement answer)
    {
        var keys = answer.Descendants().First(element => element.Name.LocalName == "Credentials").Elements().ToDictionary(element => element.Name.LocalName, element => element.Value, StringComparer.Ordinal);
        return new AwsKeys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], DateTimeOffset.Parse(keys["Expiration"], CultureInfo.InvariantCulture));
    }

    /// <summary>Code and message of an error in JSON. Its type may have a name space in front and an address behind.</summary>
    internal static AwsException JsonError(byte[] answer, HttpStatusCode status)
    {
        try
        {
            var read = JsonSerializer.Deserialize<JsonElement>(answer);
            var type = Text(read, "__type") ?? Text(read, "code") ?? $"{(int)status}";
            type = type[(type.LastIndexOf('#') + 1)..].Split(':')[0];
            return new AwsException(type, Text(read, "message") ?? Text(read, "Message") ?? $"AWS answered {(int)status}.", (int)status);
        }
        catch (JsonException)
        {
            return Unread(answer, status);
        }
    }

    internal static AwsException XmlError(byte[] answer, HttpStatusCode status)
    {
        try
        {
            var read = Xml(answer);
            var code = read.DescendantsAndSelf().FirstOrDefault(element => element.Name.LocalName == "Code")?.Value ?? $"{(int)status}";
            return new AwsException(code, read.DescendantsAndSelf().FirstOrDefault(element => element.Name.LocalName == "Message")?.Value ?? $"AWS answered {(int)status}.", (int)status);
        }
        catch (XmlException)
        {
            return Unread(answer, status);
        }
    }

    private static AwsException Unread(byte[] answer, HttpStatusCode status)
    {
        var text = Encoding.UTF8.GetString(answer.AsSpan(0, Math.Min(answer.Length, 200))).Trim();
        return new AwsException(status == HttpStatusCode.NotFound ? "NoSuchKey" : $"{(int)status}", text.Length > 0 ? text : $"AWS answered {(int)status}.", (int)status);
    }

    private static string? Text(JsonElement json, string name) => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
