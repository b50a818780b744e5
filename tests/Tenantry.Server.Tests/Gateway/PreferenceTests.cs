using Microsoft.AspNetCore.Http;
using Tenantry.Server.Gateway;

namespace Tenantry.Server.Tests.Gateway;

public class PreferenceTests
{
    [Theory]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true)]
    [InlineData("text/html", true)]
    [InlineData("application/json, text/html;q=0.1", false)]
    [InlineData("text/html;q=0.1, application/problem+json", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("text/html;q=0.5, application/json;q=0.5", true)]
    [InlineData("*/*", false)]
    [InlineData("application/json", false)]
    [InlineData("", false)]
    [InlineData("text/html;;;=", false)]
    public void APageIsForWhoLikesItBest(string accept, bool isPage)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Accept = accept;

        Preference.IsPage(context).ShouldBe(isPage);
    }
}
