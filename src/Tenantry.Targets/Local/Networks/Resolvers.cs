using System.Net;
using System.Net.Sockets;

namespace Tenantry.Targets.Local.Networks;

/// <summary>The host's name servers, as an instance can reach them: a stub on the host's own loopback is none for it.</summary>
internal static class Resolvers
{
    private static readonly string[] Files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

    internal static IReadOnlyList<IPAddress> Read() =>
        Files.Where(File.Exists).Select(file => Parse(File.ReadAllText(file))).FirstOrDefault(found => found.Count > 0) ?? [];

    internal static IReadOnlyList<IPAddress> Parse(string text)
    {
        var found = new List<IPAddress>();
        foreach (var line in text.Split('\n').Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)))
        {
            if (line is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(parsed))
                found.Add(parsed);
        }

        return found;
    }
}
