#include "frontend/grpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace memgrid::frontend::grpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

// Adds `file` and what it imports, each once.
template <typename Files>
void AddFile(const FileDescriptor* file, std::set<const FileDescriptor*>* seen, Files* out) {
  if (!seen->insert(file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file->CopyTo(&proto);
  out->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i), seen, out);
}

template <typename Response>
void AnswerFile(const FileDescriptor* file, Response* response) {
  if (file == nullptr) {
    response->mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
    response->mutable_error_response()->set_error_message("not known to this server");
    return;
  }
  std::set<const FileDescriptor*> seen;
  AddFile(file, &seen, response->mutable_file_descriptor_response());
}

const FileDescriptor* FileOfExtension(const std::string& type, int number) {
  const Descriptor* message = Pool().FindMessageTypeByName(type);
  const FieldDescriptor* field = message == nullptr ? nullptr : Pool().FindExtensionByNumber(message, number);
  return field == nullptr ? nullptr : field->file();
}

template <typename Response>
void AnswerExtensions(const std::string& type, Response* response) {
  const Descriptor* message = Pool().FindMessageTypeByName(type);
  if (message == nullptr) return AnswerFile(nullptr, response);
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(message, &extensions);
  auto* answer = response->mutable_all_extension_numbers_response();
  answer->set_base_type_name(type);
  for (const FieldDescriptor* field : extensions) answer->add_extension_number(field->number());
}

// The versions differ in the package of their messages only.
template <typename Request, typename Response>
class Reflection final : public CallHandler {
 public:
  Reflection(Call& call, const std::vector<std::string>& names) : call_(call), names_(names) {}

  void OnMessage(base::Buffer message) override {
    Request request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return call_.Finish(absl::InvalidArgumentError("the request is no ServerReflectionRequest"));
    }
    call_.Send(Message{.head = Answer(request).SerializeAsString(), .body = {}, .tail = {}});
    if (call_.full()) call_.PauseReading();
  }
  void OnDrained() override { call_.ResumeReading(); }
  void OnHalfClose() override { call_.Finish(absl::OkStatus()); }
  void OnDone(const absl::Status&) override {}

 private:
  Response Answer(const Request& request) const {
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        AnswerFile(Pool().FindFileByName(request.file_by_filename()), &response);
        break;
      case Request::kFileContainingSymbol:
        AnswerFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()), &response);
        break;
      case Request::kFileContainingExtension:
        AnswerFile(FileOfExtension(request.file_containing_extension().containing_type(),
                                   request.file_containing_extension().extension_number()),
                   &response);
        break;
      case Request::kAllExtensionNumbersOfType:
        AnswerExtensions(request.all_extension_numbers_of_type(), &response);
        break;
      case Request::kListServices:
        for (const std::string& name : names_) response.mutable_list_services_response()->add_service()->set_name(name);
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        response.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
        response.mutable_error_response()->set_error_message("the request asks nothing");
        break;
    }
    return response;
  }

  Call& call_;
  const std::vector<std::string>& names_;
};

template <typename Request, typename Response>
Service MakeVersion(const std::string& name, const std::shared_ptr<const std::vector<std::string>>& names) {
  Service service;
  service.name = name;
  service.methods.push_back(
      {.path = "/" + name + "/ServerReflectionInfo",
       .unary = nullptr,
       .stream = [names](Call& call) { return std::make_unique<Reflection<Request, Response>>(call, *names); }});
  return service;
}

}  // namespace

std::vector<Service> MakeReflectionServices(std::vector<std::string> names) {
  namespace v1 = ::grpc::reflection::v1;
  namespace v1alpha = ::grpc::reflection::v1alpha;
  const std::string new_name = "grpc.reflection.v1.ServerReflection";
  const std::string old_name = "grpc.reflection.v1alpha.ServerReflection";
  names.push_back(new_name);
  names.push_back(old_name);
  auto shared = std::make_shared<const std::vector<std::string>>(std::move(names));
  std::vector<Service> services;
  services.push_back(MakeVersion<v1::ServerReflectionRequest, v1::ServerReflectionResponse>(new_name, shared));
  services.push_back(MakeVersion<v1alpha::ServerReflectionRequest, v1alpha::ServerReflectionResponse>(old_name, shared));
  return services;
}

}  // namespace memgrid::frontend::grpc
