"""The unmodified SDKs, each behind the same few calls: what differs between them is only how they are asked."""

import os

import asposecellscloud
import asposecellscloud.requests as cells
import asposeimagingcloud.models.requests as imaging
import asposetaskscloud
import asposetaskscloud.models.requests as tasks
import asposewordscloud
import asposewordscloud.models.requests as words
import groupdocs_conversion_cloud as groupdocs
from asposeimagingcloud import ImagingApi
from asposeslidescloud.apis.slides_api import SlidesApi
from asposeslidescloud.configuration import Configuration as SlidesConfiguration


class Requests:
    """SDKs whose calls take a request object; each gives one name to a parameter everywhere."""

    def __init__(self, api, requests):
        self.api = api
        self.requests = requests

    def call(self, name, *values, **named):
        request = "".join(word.title() for word in name.split("_")) + "Request"
        return getattr(self.api, name)(getattr(self.requests, request)(*values, **named))

    def create_folder(self, path):
        self.call("create_folder", path)

    def upload(self, path, local):
        return self.call("upload_file", path, local)

    def copy(self, source, destination):
        self.call("copy_file", src_path=source, dest_path=destination)

    def move(self, source, destination):
        self.call("move_file", src_path=source, dest_path=destination)

    def download(self, path):
        return read(self.call("download_file", path))

    def names(self, path):
        return [entry.name for entry in self.call("get_files_list", path).value]

    def exists(self, path):
        return self.call("object_exists", path).exists

    def delete_file(self, path):
        self.call("delete_file", path)

    def delete_folder(self, path):
        self.call("delete_folder", path, recursive=True)


class Words(Requests):
    def __init__(self, base, client_id, secret):
        super().__init__(asposewordscloud.WordsApi(client_id, secret, base), words)

    def upload(self, path, local):
        with open(local, "rb") as file:
            return self.upload_stream(path, file)

    def upload_stream(self, path, file):
        return self.call("upload_file", file, path)

    def token(self):
        return self.api.api_client.configuration.access_token

    def exists(self, path):
        # This SDK has no such call; it looks into the folder.
        folder, _, name = path.rpartition("/")
        return name in self.names(folder)


class Tasks(Requests):
    def __init__(self, base, client_id, secret):
        client = asposetaskscloud.ApiClient()
        client.configuration.host = base
        client.configuration.api_key = {"app_sid": client_id, "api_key": secret}
        super().__init__(asposetaskscloud.TasksApi(client), tasks)


class Imaging(Requests):
    def __init__(self, base, client_id, secret):
        super().__init__(ImagingApi(secret, client_id, base), imaging)


class Cells(Requests):
    def __init__(self, base, client_id, secret):
        super().__init__(asposecellscloud.CellsApi(client_id, secret, "v3.0", base), cells)

    def upload(self, path, local):
        return self.call("upload_file", {os.path.basename(path): local}, path)


class Several:
    """Several API objects as one, as the SDK of GroupDocs divides its calls."""

    def __init__(self, *apis):
        self.apis = apis

    def __getattr__(self, name):
        return next(getattr(api, name) for api in self.apis if hasattr(api, name))


class Conversion(Requests):
    def __init__(self, base, client_id, secret):
        configuration = groupdocs.Configuration(client_id, secret)
        configuration.api_base_url = base
        apis = [api.from_config(configuration) for api in (groupdocs.FileApi, groupdocs.FolderApi, groupdocs.StorageApi)]
        super().__init__(Several(*apis), groupdocs)


class Slides:
    """The one SDK whose calls take plain parameters."""

    def __init__(self, base, client_id, secret):
        configuration = SlidesConfiguration()
        configuration.base_url, configuration.app_sid, configuration.app_key = base, client_id, secret
        self.api = SlidesApi(configuration)

    def create_folder(self, path):
        self.api.create_folder(path)

    def upload(self, path, local):
        with open(local, "rb") as file:
            return self.upload_stream(path, file)

    def upload_stream(self, path, file):
        return self.api.upload_file(path, file.read())

    def token(self):
        return self.api.api_client.configuration.access_token

    def copy(self, source, destination):
        self.api.copy_file(source, destination)

    def move(self, source, destination):
        self.api.move_file(source, destination)

    def download(self, path):
        return read(self.api.download_file(path))

    def names(self, path):
        return [entry.name for entry in self.api.get_files_list(path).value]

    def exists(self, path):
        return self.api.object_exists(path).exists

    def delete_file(self, path):
        self.api.delete_file(path)

    def delete_folder(self, path):
        self.api.delete_folder(path, recursive=True)


def read(download):
    """The bytes of a download, which SDKs give as bytes or as the path of a temporary file."""
    if isinstance(download, bytes):
        return download
    with open(download, "rb") as file:
        content = file.read()
    os.remove(download)
    return content


CLIENTS = (Words, Slides, Tasks, Imaging, Cells, Conversion)
